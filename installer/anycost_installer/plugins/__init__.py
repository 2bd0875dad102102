"""Installs plug-ins in profiles, records their files, and removes them."""
