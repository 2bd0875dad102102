"""Where an edit in progress stands, and what is wrong with it, for people."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    EMPTY = "empty"  # nothing is being edited
    WAITING = "waiting"  # for the backend, which starts or starts again
    OPENING = "opening"  # faces are looked for
    READY = "ready"
    NO_FACE = "no face"
    FAILED = "failed"  # `problem` says why; `reopen` tries again


@dataclass(frozen=True)
class Problem:
    """For people, one line each; `reason` as in Failed, "unavailable" when there is no backend until a retry."""

    cause: str
    remedy: str
    reason: str
