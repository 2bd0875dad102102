"""Events for the client: the backend's replies, and whether there is a backend."""

from dataclasses import dataclass

from anycost_client.protocol.messages import Reply, Welcome

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each new start: after so many it gives up


@dataclass(frozen=True)
class Connected:
    """A backend is connected; it knows nothing of earlier requests."""

    welcome: Welcome


@dataclass(frozen=True)
class Lost:
    """The backend is gone; start number `attempt` of `attempts` is on its way. Unanswered requests came as Failed."""

    cause: str
    attempt: int
    attempts: int = len(PAUSES)


@dataclass(frozen=True)
class Asleep:
    """The backend was idle and ended. The next request starts it again: then Connected."""


@dataclass(frozen=True)
class Unavailable:
    """There is no backend, and there will be none until `retry`."""

    cause: str
    remedy: str


Event = Reply | Connected | Lost | Asleep | Unavailable
