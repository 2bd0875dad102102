"""One edit on a folder of photos."""
