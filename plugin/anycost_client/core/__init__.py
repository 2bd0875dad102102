"""Errors, paths, texts, long work in pieces."""
