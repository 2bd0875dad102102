"""Attribute directions: labelled samples, regression, fitting and calibration, documentation pages."""
