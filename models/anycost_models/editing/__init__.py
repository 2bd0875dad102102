"""What sliders do to a latent: directions, attribute locks, matches, users' own attributes."""
