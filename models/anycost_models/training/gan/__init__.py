"""Adversarial training of the StyleGAN2 family: both stages of Anycost GANs."""
