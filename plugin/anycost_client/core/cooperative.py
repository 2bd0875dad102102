"""Long work as generators that yield between steps, so that the window stays responsive."""

import functools
import logging
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from anycost_client.core.problem import Problem, problem_of
from anycost_client.core.translation import Translator, mark

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])
Steps = Generator[None, None, T]
Then = Callable[[Any], None]
Later = Callable[[int, Callable[[], None]], None]  # milliseconds, what to call then: as QTimer.singleShot

_SLICE = 0.015  # seconds of work between two events; the step that exceeds them is finished

log = logging.getLogger(__name__)


def at_once(work: Generator[Any, None, T]) -> T:
    """Runs all steps without a pause."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def reports_errors(method: Method) -> Method:
    """For callbacks: an exception goes to the object's own `report_error(error)`."""

    @functools.wraps(method)
    def run(self: Any, *arguments: Any) -> Any:
        try:
            return method(self, *arguments)
        except Exception as error:
            self.report_error(error)

    return run  # type: ignore[return-value]


class CooperativeRunner:
    """Runs generators between a program's events. Each one's `then` is called once: with what it returned, or with
    the Problem that ended it."""

    def __init__(self, later: Later, tr: Translator) -> None:
        self._later, self._tr = later, tr
        self._running: list[tuple[Steps[Any], Then]] = []

    def start(self, work: Steps[T], then: Callable[[T | Problem], None]) -> None:
        job = (work, then)
        self._running.append(job)
        self._later(0, lambda: self._step(job))

    def stop(self) -> None:
        """Closes all generators: their `finally` tidies up."""
        while self._running:
            job = self._running[0]
            job[0].close()
            self._finish(job, Problem(self._tr(mark("Cancelled.")), "", "cancelled"))

    def _step(self, job: tuple[Steps[Any], Then]) -> None:
        if job not in self._running:
            return
        end = time.monotonic() + _SLICE
        try:
            while True:
                next(job[0])
                if time.monotonic() > end:
                    break
        except StopIteration as done:
            self._finish(job, done.value)
        except Exception as error:
            self._finish(job, problem_of(error, self._tr))
        else:
            self._later(0, lambda: self._step(job))

    def _finish(self, job: tuple[Steps[Any], Then], value: Any) -> None:
        self._running.remove(job)
        try:
            job[1](value)
        except Exception:  # nobody above can show it
            log.exception("unexpected")
