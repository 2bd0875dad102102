"""The installed backend: its models and its self-test."""
