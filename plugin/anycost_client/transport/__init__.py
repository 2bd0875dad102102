"""Channels to the backend: ZeroMQ, or a bridge process."""
