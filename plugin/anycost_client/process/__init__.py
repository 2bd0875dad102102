"""How the backend's process is started."""
