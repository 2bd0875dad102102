"""GIMP's images: layers read and written, parasites, the preview layer."""
