"""Training of the encoder, and curvature for the latent optimisation."""
