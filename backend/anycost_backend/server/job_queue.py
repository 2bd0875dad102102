"""Priority job queue with one worker thread: superseded jobs are dropped, clients take turns."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

_LONG = 5.0  # seconds: what has waited for so long is no longer put off for other clients
_REMEMBERED = 256  # clients whose last turn is remembered


class Stopped(Exception):
    """A job was stopped. Its text is the reason: "superseded", "cancelled", "closed" or "ending"."""


def _log_error(job: "Job", error: Exception) -> None:
    log.error("%s failed", job.description, exc_info=error)


@dataclass(eq=False)
class Job:
    """Any thread creates and queues jobs; the compute thread runs them."""

    client: str
    request_id: str  # of the request that it answers; "": it answers none
    description: str  # "drawing a preview", for people
    run: "Callable[[Job], None]"
    on_dropped: "Callable[[Job, str], None]" = lambda job, reason: None  # called by any thread when it was stopped
    on_failed: "Callable[[Job, Exception], None]" = _log_error  # called with what `run` raised
    on_progress: Callable[[str, float, str], None] = lambda what, fraction, text: None  # what, 0…1, and a text
    session: str = ""
    key: Hashable = None  # a newer job with the same key supersedes this one
    size: int = 0  # bytes that it holds while it waits
    preview: bool = False  # of a moving slider: goes before what is not
    preemptible: bool = False  # takes seconds: urgent jobs run between its steps
    idle_only: bool = False  # runs when there is nothing else to do
    not_before: float = 0.0  # monotonic seconds
    ready: Callable[[], bool] = lambda: True  # asked before it is started
    created: float = field(default_factory=time.monotonic)  # monotonic seconds
    stop_reason: str = field(default="", init=False)  # "" while it may go on

    def rank(self, now: float) -> int:
        """The lowest goes first. now: monotonic seconds."""
        if self.idle_only:
            return 3
        if self.preview or (self.client and now - self.created > _LONG):  # what nobody asked for can wait
            return 0
        return 2 if self.preemptible else 1

    def check(self) -> None:
        """Called between two stages of a job. Raises Stopped when the job was stopped."""
        if self.stop_reason:
            raise Stopped(self.stop_reason)


class JobQueue:
    """`run` belongs to the compute thread; every other method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: list[Job] = []  # the last one runs; those before it are preempted
        self._spared: set[Hashable] = set()  # keys whose last running job was superseded
        self._turns: dict[str, int] = {}  # client → number of the last job that was started for it, oldest first
        self._started = 0  # jobs
        self._ending = False
        self.last_used = time.monotonic()  # when the last job ended, monotonic seconds

    def put(self, job: Job) -> None:
        """Queues the job and drops those that it supersedes."""
        with self._changed:
            superseded = [] if job.key is None else [old for old in self._waiting if old.key == job.key]
            self._waiting = [old for old in self._waiting if old not in superseded]
            self._waiting.append(job)
            for old in self._running:
                # Never two in a row: a slider that moves faster than previews are rendered would show none at all.
                if job.key is not None and old.key == job.key and job.key not in self._spared:
                    old.stop_reason = old.stop_reason or "superseded"
            self._changed.notify()
        _drop(superseded, "superseded")

    def requeue(self, job: Job) -> None:
        """Called by a running job: queues the job again, or what follows it, unless a newer one with its key waits."""
        with self._changed:
            newer = job.key is not None and any(other.key == job.key for other in self._waiting)
            if not newer:
                self._waiting.append(job)
        if newer:
            _drop([job], "superseded")

    def stop(self, reason: str, matches: Callable[[Job], bool]) -> int:
        """Stops the waiting and running jobs that match. Returns their number."""
        with self._changed:
            dropped = [job for job in self._waiting if matches(job)]
            self._waiting = [job for job in self._waiting if job not in dropped]
            running = [job for job in self._running if matches(job)]
            for job in running:
                job.stop_reason = job.stop_reason or reason
            self._changed.notify()
        _drop(dropped, reason)
        return len(dropped) + len(running)

    def waiting(self, matches: Callable[[Job], bool] = lambda job: True) -> list[Job]:
        with self._changed:
            return [job for job in self._waiting if matches(job)]

    def running(self) -> str:
        """The description of the running job; "" when idle."""
        with self._changed:
            return self._running[-1].description if self._running else ""

    def end(self) -> None:
        """Starts no more jobs and drops the waiting ones."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self.stop("ending", lambda job: True)

    def run(self) -> None:
        """Runs jobs until `end` is called."""
        while True:
            with self._changed:
                job = None
                while job is None:
                    if self._ending:
                        return
                    job, pause = self._next(urgent_only=False)
                    if job is None:
                        self._changed.wait(pause)
                self._start(job)
            self._execute(job)

    def run_urgent_jobs(self, quiet: float = 0.0, stopped: Callable[[], bool] = lambda: False) -> None:
        """Called by a preemptible job between its steps: runs all jobs that are not preemptible, and those that follow
        within `quiet` seconds. Those of other clients hold it up for five seconds at most: then it does a step.

        stopped: says whether the caller was stopped, which ends the waiting"""
        own, latest, until = self._running[-1].client, time.monotonic() + _LONG, 0.0
        while True:
            with self._changed:
                job, pause = (None, None) if self._ending else self._next(urgent_only=True)
                if job is None:
                    left = until - time.monotonic()
                    if left <= 0 or self._ending or stopped():
                        return
                    self._changed.wait(left if pause is None else min(left, pause))
                    continue
                if own and job.client != own and time.monotonic() > latest:
                    return
                self._start(job)
            self._execute(job)
            if not job.idle_only:
                until = time.monotonic() + quiet

    def _start(self, job: Job) -> None:
        self._waiting.remove(job)
        self._running.append(job)
        self._started += 1
        self._turns.pop(job.client, None)
        self._turns[job.client] = self._started
        if len(self._turns) > _REMEMBERED:
            del self._turns[next(iter(self._turns))]

    def _next(self, urgent_only: bool) -> tuple[Job | None, float | None]:
        """The next job; else for how many seconds to wait (None: until the queue changes)."""
        now = time.monotonic()
        ready = [job for job in self._waiting if not (urgent_only and job.preemptible) and job.ready()]
        due = [job for job in ready if job.not_before <= now]
        if due:  # of equal rank: whose client's last turn is longest ago; of one client, in order
            return min(due, key=lambda job: (job.rank(now), self._turns.get(job.client, 0))), 0
        return None, min((max(job.not_before - now, 0.001) for job in ready), default=None)

    def _execute(self, job: Job) -> None:
        try:
            job.check()
            job.run(job)
        except Stopped as stopped:
            job.on_dropped(job, str(stopped))
        except Exception as error:  # an error of one job must not end the others
            job.on_failed(job, error)
        finally:
            with self._changed:
                self._running.remove(job)
                self._spared.discard(job.key)
                if job.stop_reason == "superseded":
                    self._spared.add(job.key)
                self.last_used = time.monotonic()


def _drop(jobs: list[Job], reason: str) -> None:
    for job in jobs:
        job.on_dropped(job, reason)
