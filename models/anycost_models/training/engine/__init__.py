"""The training loop and its parts: stage settings, checkpoints, losses, records."""
