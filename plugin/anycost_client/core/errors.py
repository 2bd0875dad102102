"""The client's exceptions: each has a cause and a remedy, one line each, without a full stop."""

UPDATE = "python3 installer update"  # brings plug-in and backend to one version


class ClientError(Exception):
    """An error that the user can understand and mend. Any other exception is a bug."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}{'; ' if ': ' in self.cause else ': '}{self.remedy}"


class WireError(ClientError):
    """A message that breaks the protocol. `id` is that of the request, "" where it could not be read."""

    def __init__(self, cause: str, remedy: str = "see docs/protocol.md", id: str = "") -> None:
        super().__init__(cause, remedy)
        self.id = id


class UnknownKind(WireError):
    """A well-formed message of a kind that this version does not know: to be answered so, or ignored.

    `reader`: who does not know it, "plug-in" or "backend"."""

    def __init__(self, kind: str, id: str = "", reader: str = "plug-in") -> None:
        super().__init__(
            f"the {reader} does not know the message {kind!a:.40} and may be too old",
            f"update the {reader} with '{UPDATE}', then restart the editor",
            id,
        )
        self.kind = kind


class WrongVersion(WireError):
    """A message of another protocol version, read by the `reader` ("plug-in" or "backend"), which speaks `own`."""

    def __init__(self, version: int, own: int, id: str = "", reader: str = "plug-in") -> None:
        writer = "backend" if reader == "plug-in" else "plug-in"
        older, newer = (reader, writer) if version > own else (writer, reader)
        super().__init__(
            f"the {older} is older than the {newer} (protocol {min(version, own)} and {max(version, own)})",
            f"update the {older} with '{UPDATE}', then restart the editor",
            id,
        )
        self.version = version


class ConnectionFileError(ClientError):
    """A connection file that is missing, damaged, or not only this user's."""


class ChannelClosed(ClientError):
    """The connection to the backend is closed or was never there."""


class HostError(ClientError):
    """The host program, its document or its layer does not allow it. `reason` is for programs: see Problem."""

    def __init__(self, cause: str, remedy: str, reason: str = "layer") -> None:
        super().__init__(cause, remedy)
        self.reason = reason


class BackendError(ClientError):
    """The backend is not installed, did not start, or ended too often. `final`: a retry would not help."""

    def __init__(self, cause: str, remedy: str, final: bool = True) -> None:
        super().__init__(cause, remedy)
        self.final = final
