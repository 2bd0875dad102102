"""Wheel, sdist and offline bundle."""
