"""The edit in progress, and what is kept of it."""
