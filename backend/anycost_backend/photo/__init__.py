"""Photos in and out: formats, orientation, depth, colour profiles, metadata."""
