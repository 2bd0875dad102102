"""The machine, paths, errors, progress, child processes."""
