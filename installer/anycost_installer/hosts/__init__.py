"""Finds Krita and GIMP on this machine."""
