"""What sliders do to a latent: directions, locks, matches, attributes of the user's own."""
