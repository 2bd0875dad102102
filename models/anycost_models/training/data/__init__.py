"""What trainings learn from: generated faces, folders of images, photographic harm."""
