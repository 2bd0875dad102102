"""Krita's documents: layers read and written, pixels, annotations, the preview layer."""
