"""Errors, paths, files, translation, cooperative work."""
