"""Routes requests to sockets and decodes replies: the same for every channel."""

from collections.abc import Sequence

from anycost_client.core.errors import UnknownKind, WireError, WrongVersion
from anycost_client.protocol.codec import Frame, decode_reply
from anycost_client.protocol.messages import CONTROL, Failed, Hello, Ping, Reply, Request


def sockets_of(request: Request) -> tuple[int, ...]:
    """0: the work socket, 1: the control socket. A Hello introduces the client on both, a Ping tries both: one may be
    cut while the other goes on."""
    return (0, 1) if isinstance(request, Hello | Ping) else (int(isinstance(request, CONTROL)),)


def reply_of(frames: Sequence[Frame]) -> Reply | None:
    """None for kinds newer than this client, and for garbage without a request id.

    Garbage that does becomes a Failed, so that nobody waits for it. Raises WrongVersion."""
    try:
        return decode_reply(frames)
    except (UnknownKind, WrongVersion) as error:
        if isinstance(error, WrongVersion):
            raise
        return None
    except WireError as error:
        if not error.id:
            return None
        return Failed(id=error.id, cause=error.cause, remedy="restart the backend", reason="bad_message")
