"""The dialog."""
