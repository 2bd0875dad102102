"""Adversarial training, both of the paper's stages."""
