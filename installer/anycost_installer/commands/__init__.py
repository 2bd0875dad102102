"""The commands of `python3 installer`, one module each."""
