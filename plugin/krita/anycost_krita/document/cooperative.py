"""Long work in pieces between the program's events, so that its window never waits."""

import logging
import time
from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps, T
from anycost_client.core.errors import ClientError

from anycost_krita.base.text import tr
from anycost_krita.document.host_error import Fault
from anycost_krita.document.host_interface import HostProblem

Later = Callable[[int, Callable[[], None]], None]  # milliseconds, what to call then: as QTimer.singleShot

log = logging.getLogger(__name__)

_AT_A_TIME = 0.015  # seconds; one piece more may follow when these are over


def pause(seconds: float = 0.1) -> Steps[None]:
    """Krita gets the time to do what it has put off."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


class Pieces:
    """Runs generators. Each one's `then` is called once: with what it returned, or with a HostProblem."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._running: list[tuple[Steps[Any], Callable[[Any], None]]] = []

    def start(self, work: Steps[T], then: Callable[[T | HostProblem], None]) -> None:
        job = (work, then)
        self._running.append(job)
        self._later(0, lambda: self._step(job))

    def stop(self) -> None:
        """Ends all that runs where it stands: the generators' `finally` tidies up."""
        while self._running:
            job = self._running[0]
            job[0].close()
            self._finish(job, HostProblem(tr("Cancelled."), reason="cancelled"))

    def _step(self, job: tuple[Steps[Any], Callable[[Any], None]]) -> None:
        if job not in self._running:
            return
        end = time.monotonic() + _AT_A_TIME
        try:
            while True:
                next(job[0])
                if time.monotonic() > end:
                    break
        except StopIteration as done:
            self._finish(job, done.value)
        except Fault as fault:
            self._finish(job, fault.problem)
        except ClientError as error:
            self._finish(job, HostProblem(tr(error.cause), tr(error.remedy)))
        except MemoryError:
            problem = HostProblem(tr("There is not enough memory."), tr("Select the face alone."), "too_large")
            self._finish(job, problem)
        except Exception as error:  # a bug of ours must be seen, and must not take the program along
            cause = tr("Unexpected: {error}.", error=f"{type(error).__name__}: {error}")
            self._finish(job, HostProblem(cause, tr("Report this.")))
        else:
            self._later(0, lambda: self._step(job))

    def _finish(self, job: tuple[Steps[Any], Callable[[Any], None]], value: Any) -> None:
        self._running.remove(job)
        try:
            job[1](value)
        except Exception:  # Krita would show it in a modal window
            log.exception("unexpected")
