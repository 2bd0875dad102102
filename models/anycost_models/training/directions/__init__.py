"""Attribute directions: labels, regression, calibration, pages."""
