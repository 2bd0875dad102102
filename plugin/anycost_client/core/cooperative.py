"""Long work as generators that yield between steps, so that the window stays responsive."""

import functools
import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


def pause(seconds: float = 0.1) -> Steps[None]:
    """Lets the program do what it has put off."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def reports_errors(method: Method) -> Method:
    """For callbacks: an exception goes to the object's own `report_error(error)`."""

    @functools.wraps(method)
    def run(self: Any, *arguments: Any) -> Any:
        try:
            return method(self, *arguments)
        except Exception as error:
            self.report_error(error)

    return run  # type: ignore[return-value]


class Turn:
    """Whose turn it is: what is shared by everything that touches a document, so that nothing of it is interrupted.

    A host may deliver events while it is being called (Krita does while it waits for an image), and with them timers
    and messages: what they would begin waits for its turn."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._depth = 0
        self._waiting: list[Callable[[], None]] = []

    @property
    def taken(self) -> bool:
        return self._depth > 0

    def wait(self, call: Callable[[], None]) -> None:
        """Calls back when nothing is under way any more."""
        self._waiting.append(call)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Also where it is taken already: for what cannot wait."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                waiting, self._waiting = self._waiting, []
                for call in waiting:
                    self._later(0, call)


@dataclass(eq=False)
class _Job:
    work: Steps[Any]
    then: Then
    executing: bool = False
    stopped: bool = False  # while it was executing: it is closed after that step


class CooperativeRunner:
    """Runs generators between a program's events. Each one's `then` is called once: with what it returned, or with
    the Problem that ended it.

    A step may make the program deliver events, and so calls of `start` and `stop`: no step of a runner that shares its
    turn begins meanwhile, and the generator that is executing is closed as soon as it yields."""

    def __init__(self, later: Later, tr: Translator, turn: Turn | None = None) -> None:
        self._later, self._tr = later, tr
        self._turn = turn or Turn(later)
        self._running: list[_Job] = []

    @property
    def running(self) -> bool:
        """Whether anything is under way that has not been stopped."""
        return any(not job.stopped for job in self._running)

    def start(self, work: Steps[T], then: Callable[[T | Problem], None]) -> None:
        job = _Job(work, then)
        self._running.append(job)
        self._later(0, lambda: self._step(job))

    def stop(self) -> None:
        """Closes all generators: their `finally` tidies up. One that is executing is closed after its present step;
        where that was its last, its `then` gets what it returned."""
        for job in self._running[:]:
            if job.executing:
                job.stopped = True
            elif job in self._running:
                self._close(job)

    def _step(self, job: _Job) -> None:
        if job not in self._running:
            return
        if self._turn.taken:
            self._turn.wait(lambda: self._step(job))
            return
        end = time.monotonic() + _SLICE
        job.executing = True
        try:
            with self._turn.take():
                while not job.stopped:
                    next(job.work)
                    if time.monotonic() > end:
                        break
        except StopIteration as done:
            self._finish(job, done.value)
        except Exception as error:
            self._finish(job, problem_of(error, self._tr))
        else:
            job.executing = False
            if job.stopped:
                self._close(job)
            else:
                self._later(0, lambda: self._step(job))

    def _close(self, job: _Job) -> None:
        self._running.remove(job)  # first: closing may deliver events, too
        try:
            with self._turn.take():
                job.work.close()
        except Exception:  # it was stopped: nobody waits for what went wrong
            log.exception("unexpected")
        self._tell(job, Problem(self._tr(mark("Cancelled.")), "", "cancelled"))

    def _finish(self, job: _Job, value: Any) -> None:
        self._running.remove(job)
        self._tell(job, value)

    def _tell(self, job: _Job, value: Any) -> None:
        try:
            job.then(value)
        except Exception:  # nobody above can show it
            log.exception("unexpected")
