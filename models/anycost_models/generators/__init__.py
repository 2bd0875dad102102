"""Generators and their sub-generators: architectures, costs, checkpoints."""
