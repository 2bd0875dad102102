"""Runs exported networks without torch."""
