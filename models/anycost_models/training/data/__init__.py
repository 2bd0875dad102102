"""Training data: generated faces, folders of images, photographic augmentation."""
