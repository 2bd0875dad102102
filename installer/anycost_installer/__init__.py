"""Installs Anycost Face Editor on a machine. It needs the standard library only."""
