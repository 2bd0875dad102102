"""The local process behind the editors: faces in, edited faces out."""
