"""The `anycost` command."""
