"""Plug-ins: put into profiles, recorded, taken out."""
