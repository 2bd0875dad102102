"""The lock file: exact releases and hashes of every package, for each system and Python."""
