"""Qt, texts, errors: what all other parts use."""
