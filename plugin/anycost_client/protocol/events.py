"""What an editor hears of the backend: its replies, and whether there is one."""

from dataclasses import dataclass

from anycost_client.protocol.messages import Reply, Welcome

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each new start: after so many it gives up


@dataclass(frozen=True)
class Connected:
    """A backend is there, and knows nothing of what an earlier one was told."""

    welcome: Welcome


@dataclass(frozen=True)
class Lost:
    """The backend is gone; start number `attempt` of `attempts` is on its way. Unanswered requests came as Failed."""

    cause: str
    attempt: int
    attempts: int = len(PAUSES)


@dataclass(frozen=True)
class Asleep:
    """The backend ended by itself because there was nothing to do. The next request starts it again: then Connected."""


@dataclass(frozen=True)
class Unavailable:
    """There is no backend, and there will be none until `retry`."""

    cause: str
    remedy: str


Event = Reply | Connected | Lost | Asleep | Unavailable
