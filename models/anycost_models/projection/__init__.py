"""From a face to its latent: encoder and latent optimisation."""
