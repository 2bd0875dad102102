"""The backend as the editor sees it: its process, supervised, in a thread."""
