"""The embedded generator's sub-generators: initialisation, distillation from the full network, last-style layers."""
