"""Training of the shipped weights: each stage is a TOML file that can be run again from what is committed."""
