"""Machine, paths, files, errors, progress, child processes."""
