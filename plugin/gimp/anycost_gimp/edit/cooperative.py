"""Work in steps between the window's events: a step whenever GLib has nothing else to do."""

from collections.abc import Callable, Generator
from typing import Any

from anycost_client.core.cooperative import Steps, T
from anycost_client.core.errors import ClientError
from gi.repository import GLib


class Idle:
    """One piece of work at a time."""

    def __init__(self) -> None:
        self._work: Generator[None, None, Any] | None = None

    def start(self, work: Steps[T], then: Callable[[T], None], failed: Callable[[ClientError], None]) -> None:
        """`then` gets what it made, or `failed` the ClientError that ended it; nobody is told after `stop`."""
        self.stop()
        self._work = work
        GLib.idle_add(self._step, work, then, failed)

    def stop(self) -> None:
        work, self._work = self._work, None
        if work:
            work.close()

    def _step(self, work: Steps[T], then: Callable[[T], None], failed: Callable[[ClientError], None]) -> bool:
        if work is not self._work:
            return False
        try:
            next(work)
        except StopIteration as end:
            self._work = None
            then(end.value)
        except ClientError as error:
            self._work = None
            failed(error)
        return self._work is work
