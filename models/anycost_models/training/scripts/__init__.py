"""Command-line scripts that make the shipped weights: `python -m anycost_models.training.scripts.NAME`."""
