"""Virtual environments and pip."""
