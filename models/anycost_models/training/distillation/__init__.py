"""Sub-generators of the embedded generator, trained by its own images."""
