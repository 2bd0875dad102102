"""One module for each verb of `python3 installer`."""
