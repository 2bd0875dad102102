"""What is to be computed, and the one thread that computes it: quick things first, and of what is outdated nothing."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


class Stopped(Exception):
    """A job is not wanted any more. Its text says why: "superseded", "cancelled", "closed" or "ending"."""


def _logged(job: "Job", error: Exception) -> None:
    log.error("%s failed", job.what, exc_info=error)


@dataclass(eq=False)
class Job:
    """Made and handed over by any thread, run by the compute thread."""

    client: str
    id: str  # of the request that it answers
    what: str  # "drawing a preview", for people
    run: "Callable[[Job], None]"
    dropped: "Callable[[Job, str], None]"  # told why it will not be finished; by any thread
    failed: "Callable[[Job, Exception], None]" = _logged  # told what it raised
    tell: Callable[[str, float, str], None] = lambda what, fraction, text: None  # progress: what, 0…1, and in words
    session: str = ""
    key: Hashable = None  # of jobs with the same key only the newest counts
    lasting: bool = False  # a newer one with its key does not displace it
    long: bool = False  # takes seconds: others run between its steps
    resting: bool = False  # waits until there is nothing else to do
    not_before: float = 0.0  # monotonic seconds
    ready: Callable[[], bool] = lambda: True  # asked before it is begun
    why: str = field(default="", init=False)  # it is to stop

    def check(self) -> None:
        """Between two stages of the work: raises Stopped when the rest is not wanted."""
        if self.why:
            raise Stopped(self.why)


class JobQueue:
    """The queue. `run` is the compute thread's; everything else is for any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: list[Job] = []  # the last one runs, those before it wait between their steps
        self._spared: set[Hashable] = set()  # keys of which the last running job was stopped
        self._ending = False
        self.used = time.monotonic()  # when there was last something to do

    def put(self, job: Job) -> None:
        """Takes the place of those that it makes outdated."""
        with self._changed:
            outdated = [] if job.key is None else [old for old in self._waiting if old.key == job.key]
            outdated = [old for old in outdated if not old.lasting or job.lasting]
            self._waiting = [old for old in self._waiting if old not in outdated]
            self._waiting.append(job)
            for old in self._running:
                # Not two in a row: else a slider that moves quicker than pictures are drawn would see none at all.
                if job.key is not None and old.key == job.key and not old.lasting and job.key not in self._spared:
                    old.why = old.why or "superseded"
            self._changed.notify()
        _tell(outdated, "superseded")

    def put_behind(self, job: Job) -> None:
        """From within a job: the same again (when it cannot be done yet) or what follows it, unless a newer one with
        its key has come meanwhile."""
        with self._changed:
            newer = job.key is not None and any(
                other.key == job.key and (other.lasting or not job.lasting) for other in self._waiting
            )
            if not newer:
                self._waiting.append(job)
        if newer:
            _tell([job], "superseded")

    def stop(self, why: str, wanted: Callable[[Job], bool]) -> int:
        """Drops those of the waiting and running jobs. Returns how many."""
        with self._changed:
            dropped = [job for job in self._waiting if wanted(job)]
            self._waiting = [job for job in self._waiting if job not in dropped]
            running = [job for job in self._running if wanted(job)]
            for job in running:
                job.why = job.why or why
            self._changed.notify()
        _tell(dropped, why)
        return len(dropped) + len(running)

    def waiting(self, wanted: Callable[[Job], bool] = lambda job: True) -> list[Job]:
        with self._changed:
            return [job for job in self._waiting if wanted(job)]

    def running(self) -> str:
        """What, for people; "" when idle."""
        with self._changed:
            return self._running[-1].what if self._running else ""

    def end(self) -> None:
        """Nothing more is begun; what waits is told."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self.stop("ending", lambda job: True)

    def run(self) -> None:
        """Until the end."""
        while True:
            with self._changed:
                job = None
                while job is None:
                    if self._ending:
                        return
                    job, pause = self._next(within_long=False)
                    if job is None:
                        self._changed.wait(pause)
                self._begin(job)
            self._work_off(job)

    def between_steps(self, quiet: float = 0.0, stopped: Callable[[], bool] = lambda: False) -> None:
        """From within a long job: whatever is quick is done now, and what follows it within `quiet` seconds.

        stopped: says whether the long job need not go on, which ends the waiting"""
        until = 0.0
        while True:
            with self._changed:
                job, pause = (None, None) if self._ending else self._next(within_long=True)
                if job is None:
                    left = until - time.monotonic()
                    if left <= 0 or self._ending or stopped():
                        return
                    self._changed.wait(left if pause is None else min(left, pause))
                    continue
                self._begin(job)
            self._work_off(job)
            if not job.resting:
                until = time.monotonic() + quiet

    def _begin(self, job: Job) -> None:
        self._waiting.remove(job)
        self._running.append(job)

    def _next(self, within_long: bool) -> tuple[Job | None, float | None]:
        """The job to do now, else how many seconds to wait (None: until something changes)."""
        now = time.monotonic()
        able = [job for job in self._waiting if not (within_long and job.long) and job.ready()]
        for kind in ((False, False), (True, False), (False, True)):
            for job in able:
                if (job.long, job.resting) == kind and job.not_before <= now:
                    return job, 0
        return None, min((max(job.not_before - now, 0.001) for job in able), default=None)

    def _work_off(self, job: Job) -> None:
        try:
            job.check()
            job.run(job)
        except Stopped as stopped:
            job.dropped(job, str(stopped))
        except Exception as error:  # one job's fault must not end the others
            job.failed(job, error)
        finally:
            with self._changed:
                self._running.remove(job)
                self._spared.discard(job.key)
                if job.why == "superseded":
                    self._spared.add(job.key)
                self.used = time.monotonic()


def _tell(jobs: list[Job], why: str) -> None:
    for job in jobs:
        job.dropped(job, why)
