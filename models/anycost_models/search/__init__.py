"""Evolutionary search for sub-generators under a budget."""
