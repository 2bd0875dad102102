"""Widgets of the dialog: each shows values and reports what the user did."""
