"""The one exception whose text is meant for the person at the keyboard."""


class InstallError(Exception):
    """The message names the cause and the remedy. Everything else that is raised is a bug."""
