"""Trains the parser of photographs."""
