"""The edit in progress, its batches, and what is stored of it."""
