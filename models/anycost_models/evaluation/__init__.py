"""Figures over many faces: sub-generators, projections."""
