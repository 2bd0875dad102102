"""The training loop and its parts: stages, checkpoints, losses, records."""
