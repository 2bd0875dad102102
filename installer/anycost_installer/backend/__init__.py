"""The backend's models and process on this machine."""
