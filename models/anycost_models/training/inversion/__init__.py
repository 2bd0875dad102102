"""Training of the encoder, and the curvature that projection's optimizer starts from."""
