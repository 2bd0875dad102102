"""One edit, between image, backend and dialog."""
