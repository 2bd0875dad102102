"""The job queue: the newest job of a key counts, urgent jobs come first, and every job that is dropped is told."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from anycost_backend.server.job_queue import Job, JobQueue

Log = list[str]


@pytest.fixture
def log() -> Log:
    return []


@pytest.fixture
def work() -> Iterator[JobQueue]:
    work = JobQueue()
    thread = threading.Thread(target=work.run, daemon=True)
    thread.start()
    yield work
    work.end()
    thread.join(5)
    assert not thread.is_alive()


def job(log: Log, name: str, run: Callable[[Job], None] = lambda job: None, **options: object) -> Job:
    def logged(job: Job) -> None:
        run(job)
        log.append(name)

    return Job(
        client="a client",
        request_id=name,
        description=name,
        run=logged,
        on_dropped=lambda job, reason: log.append(f"{name} {reason}"),
        on_failed=lambda job, error: log.append(f"{name} {type(error).__name__}"),
        **options,  # type: ignore[arg-type]
    )


class Gate:
    """A job that stays until it is let go."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, job: Job) -> None:
        self.begun.set()
        assert self.open.wait(10)
        job.check()


def settle(work: JobQueue) -> None:
    deadline = time.monotonic() + 10
    while work.waiting() or work.running():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def held(work: JobQueue, log: Log, name: str = "first", **options: object) -> Gate:
    """A job that runs."""
    gate = Gate()
    work.put(job(log, name, gate, **options))
    assert gate.begun.wait(10)
    return gate


def test_the_newest_of_a_key_takes_the_place_of_those_that_wait(work: JobQueue, log: Log) -> None:
    gate = held(work, log)
    for name in ("a", "b", "c"):
        work.put(job(log, name, key="slider"))
    work.put(job(log, "other", key="another slider"))
    assert log == ["a superseded", "b superseded"]
    gate.open.set()
    settle(work)
    assert log[2:] == ["first", "c", "other"]


def test_of_running_ones_not_two_in_a_row_are_dropped(work: JobQueue, log: Log) -> None:
    """Else a slider that moves quicker than pictures are drawn would see none."""
    first = held(work, log, "a", key="slider")
    second = Gate()
    work.put(job(log, "b", second, key="slider"))
    first.open.set()
    assert second.begun.wait(10)
    work.put(job(log, "c", key="slider"))
    second.open.set()
    settle(work)
    assert log == ["a superseded", "b", "c"]


def test_a_job_that_is_not_superseded_gives_way_only_to_its_like(work: JobQueue, log: Log) -> None:
    gate = held(work, log)
    work.put(job(log, "preview", key="slider"))
    work.put(job(log, "final", key="slider", not_superseded=True))
    work.put(job(log, "later preview", key="slider"))
    gate.open.set()
    settle(work)
    assert log == ["preview superseded", "first", "final", "later preview"]


def test_a_preemptible_job_pauses_while_urgent_ones_keep_coming(work: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        work.run_urgent_jobs(quiet=0.5)
        log.append("next step")

    work.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    work.put(job(log, "movement 0"))
    gate.open.set()
    for number in range(1, 4):
        time.sleep(0.1)
        work.put(job(log, f"movement {number}"))
    settle(work)
    assert log[:5] == [*(f"movement {number}" for number in range(4)), "next step"]


def test_a_preemptible_job_that_is_stopped_does_not_wait_for_urgent_ones(work: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        work.run_urgent_jobs(600, lambda: bool(long.stop_reason))
        log.append(long.stop_reason)

    work.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    work.put(job(log, "quick"))
    gate.open.set()
    time.sleep(0.1)
    work.stop("cancelled", lambda job: job.preemptible)
    settle(work)
    assert log[:2] == ["quick", "cancelled"]


def test_urgent_jobs_run_between_the_steps_of_a_preemptible_one(work: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        work.run_urgent_jobs()
        log.append("between")
        work.run_urgent_jobs()

    work.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    work.put(job(log, "another long one", preemptible=True))
    work.put(job(log, "quick"))
    work.put(job(log, "failing", lambda job: 1 / 0))  # type: ignore[arg-type, return-value]
    gate.open.set()
    settle(work)
    assert log == ["quick", "failing ZeroDivisionError", "between", "long", "another long one"]


def test_a_job_waits_until_it_is_ready_and_idle_ones_come_last(work: JobQueue, log: Log) -> None:
    ready = threading.Event()
    gate = held(work, log)
    work.put(job(log, "resting", idle_only=True))
    work.put(job(log, "not ready", ready=ready.is_set))
    work.put(job(log, "long", lambda job: ready.set(), preemptible=True))
    gate.open.set()
    settle(work)
    assert log == ["first", "long", "not ready", "resting"]


def test_a_job_that_follows_never_supersedes_a_newer_one(work: JobQueue, log: Log) -> None:
    gate = Gate()

    def followed(one: Job) -> None:
        gate(one)
        work.requeue(job(log, "follow-up", key="slider", idle_only=True))

    work.put(job(log, "a", followed, key="slider", not_superseded=True))
    assert gate.begun.wait(10)
    work.put(job(log, "b", key="slider"))
    gate.open.set()
    settle(work)
    assert log == ["follow-up superseded", "a", "b"]


def test_a_preview_never_supersedes_a_final_that_waits(work: JobQueue, log: Log) -> None:
    gate, projected = Gate(), threading.Event()

    def not_yet(one: Job) -> None:
        gate(one)
        work.requeue(job(log, "final", key="edit", not_superseded=True, ready=projected.is_set))

    work.put(job(log, "asked", not_yet, key="edit", not_superseded=True))
    assert gate.begun.wait(10)
    work.put(job(log, "preview", key="edit", ready=projected.is_set))
    gate.open.set()
    time.sleep(0.2)
    projected.set()
    work.put(job(log, "whatever"))
    settle(work)
    assert "final superseded" not in log
    assert "final" in log


def test_cancelled_jobs_are_told_and_end_at_their_next_check(work: JobQueue, log: Log) -> None:
    gate = held(work, log, session="mine")
    work.put(job(log, "waiting", session="mine"))
    work.put(job(log, "another's", session="theirs"))
    assert work.stop("cancelled", lambda job: job.session == "mine") == 2
    assert log == ["waiting cancelled"]
    gate.open.set()
    settle(work)
    assert log == ["waiting cancelled", "first cancelled", "another's"]


def test_at_the_end_everybody_is_told(log: Log) -> None:
    work = JobQueue()
    work.put(job(log, "a"))
    work.end()
    work.run()
    assert log == ["a ending"]
