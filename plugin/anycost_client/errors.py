"""What the client raises: every message is one line that names the cause and the remedy."""


class ClientError(Exception):
    """Meant for the person at the editor. Everything else that is raised is a bug."""


class WireError(ClientError):
    """A message that breaks the protocol. `id` is that of the request, "" where it could not be read."""

    def __init__(self, message: str, id: str = "") -> None:
        super().__init__(message)
        self.id = id


class UnknownKind(WireError):
    """A well-formed message of a kind that this version does not know: to be answered so, or ignored."""

    def __init__(self, kind: str, id: str = "") -> None:
        super().__init__(f"the message kind {kind!a:.40} is unknown here: use the same version on both sides", id)
        self.kind = kind


class WrongVersion(WireError):
    """A message of another protocol version."""

    def __init__(self, version: int, id: str = "") -> None:
        super().__init__(
            f"the other side speaks protocol version {version}: update the plug-in and the backend together", id
        )
        self.version = version


class ConnectionFileError(ClientError):
    """A connection file that is missing, damaged, or not only this user's."""


class ChannelClosed(ClientError):
    """The way to the backend is gone: it ended, or never was there."""


class BackendError(ClientError):
    """The backend is not installed, did not start, or ended too often. `final`: trying again would change nothing."""

    def __init__(self, message: str, final: bool = True) -> None:
        super().__init__(message)
        self.final = final
