"""The process that editors talk to: sockets, keys, requests, jobs."""
