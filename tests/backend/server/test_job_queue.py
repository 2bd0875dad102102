"""The job queue: the newest job of a key counts, urgent jobs come first, and every job that is dropped is told."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from anycost_backend.server import job_queue as job_queue_module
from anycost_backend.server.job_queue import Job, JobQueue

Log = list[str]


@pytest.fixture
def log() -> Log:
    return []


@pytest.fixture
def job_queue() -> Iterator[JobQueue]:
    job_queue = JobQueue()
    thread = threading.Thread(target=job_queue.run, daemon=True)
    thread.start()
    yield job_queue
    job_queue.end()
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


def settle(job_queue: JobQueue) -> None:
    deadline = time.monotonic() + 10
    while job_queue.waiting() or job_queue.running():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def held(job_queue: JobQueue, log: Log, name: str = "first", **options: object) -> Gate:
    """A job that runs."""
    gate = Gate()
    job_queue.put(job(log, name, gate, **options))
    assert gate.begun.wait(10)
    return gate


def test_the_newest_of_a_key_takes_the_place_of_those_that_wait(job_queue: JobQueue, log: Log) -> None:
    gate = held(job_queue, log)
    for name in ("a", "b", "c"):
        job_queue.put(job(log, name, key="slider"))
    job_queue.put(job(log, "other", key="another slider"))
    assert log == ["a superseded", "b superseded"]
    gate.open.set()
    settle(job_queue)
    assert log[2:] == ["first", "c", "other"]


def test_of_running_ones_not_two_in_a_row_are_dropped(job_queue: JobQueue, log: Log) -> None:
    """Else a slider that moves quicker than images are drawn would see none."""
    first = held(job_queue, log, "a", key="slider")
    second = Gate()
    job_queue.put(job(log, "b", second, key="slider"))
    first.open.set()
    assert second.begun.wait(10)
    job_queue.put(job(log, "c", key="slider"))
    second.open.set()
    settle(job_queue)
    assert log == ["a superseded", "b", "c"]


def test_another_key_supersedes_nothing(job_queue: JobQueue, log: Log) -> None:
    """As an Apply among previews: each of them is drawn."""
    gate = held(job_queue, log)
    job_queue.put(job(log, "preview", key="preview"))
    job_queue.put(job(log, "better preview", key="preview of another session", idle_only=True))
    job_queue.put(job(log, "final", key="final"))
    job_queue.put(job(log, "later preview", key="preview"))
    gate.open.set()
    settle(job_queue)
    assert log == ["preview superseded", "first", "final", "later preview", "better preview"]


def test_a_preemptible_job_pauses_while_urgent_ones_keep_coming(job_queue: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        job_queue.run_urgent_jobs(quiet=0.5)
        log.append("next step")

    job_queue.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    job_queue.put(job(log, "movement 0"))
    gate.open.set()
    for number in range(1, 4):
        time.sleep(0.1)
        job_queue.put(job(log, f"movement {number}"))
    settle(job_queue)
    assert log[:5] == [*(f"movement {number}" for number in range(4)), "next step"]


def test_a_preemptible_job_that_is_stopped_does_not_wait_for_urgent_ones(job_queue: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        job_queue.run_urgent_jobs(600, lambda: bool(long.stop_reason))
        log.append(long.stop_reason)

    job_queue.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    job_queue.put(job(log, "quick"))
    gate.open.set()
    time.sleep(0.1)
    job_queue.stop("cancelled", lambda job: job.preemptible)
    settle(job_queue)
    assert log[:2] == ["quick", "cancelled"]


def test_urgent_jobs_run_between_the_steps_of_a_preemptible_one(job_queue: JobQueue, log: Log) -> None:
    gate = Gate()

    def steps(long: Job) -> None:
        gate(long)
        job_queue.run_urgent_jobs()
        log.append("between")
        job_queue.run_urgent_jobs()

    job_queue.put(job(log, "long", steps, preemptible=True))
    assert gate.begun.wait(10)
    job_queue.put(job(log, "another long one", preemptible=True))
    job_queue.put(job(log, "quick"))
    job_queue.put(job(log, "failing", lambda job: 1 / 0))  # type: ignore[arg-type, return-value]
    gate.open.set()
    settle(job_queue)
    assert log == ["quick", "failing ZeroDivisionError", "between", "long", "another long one"]


def test_a_job_waits_until_it_is_ready_and_idle_ones_come_last(job_queue: JobQueue, log: Log) -> None:
    ready = threading.Event()
    gate = held(job_queue, log)
    job_queue.put(job(log, "resting", idle_only=True))
    job_queue.put(job(log, "not ready", ready=ready.is_set))
    job_queue.put(job(log, "long", lambda job: ready.set(), preemptible=True))
    gate.open.set()
    settle(job_queue)
    assert log == ["first", "long", "not ready", "resting"]


def test_a_job_that_follows_never_supersedes_a_newer_one(job_queue: JobQueue, log: Log) -> None:
    gate = Gate()

    def followed(one: Job) -> None:
        gate(one)
        job_queue.requeue(job(log, "follow-up", key="slider", idle_only=True))

    job_queue.put(job(log, "a", followed))
    assert gate.begun.wait(10)
    job_queue.put(job(log, "b", key="slider"))
    gate.open.set()
    settle(job_queue)
    assert log == ["follow-up superseded", "a", "b"]


def of(client: str, name: str, log: Log, **options: object) -> Job:
    return replace(job(log, name, **options), client=client)


def test_clients_take_turns_and_previews_go_first(job_queue: JobQueue, log: Log) -> None:
    gate = held(job_queue, log)
    for number in range(3):
        job_queue.put(of("greedy", f"sample {number}", log))
    job_queue.put(of("modest", "opening", log))
    job_queue.put(of("modest", "final", log))
    job_queue.put(of("third", "preview", log, key="slider", preview=True))
    gate.open.set()
    settle(job_queue)
    assert log == ["first", "preview", "sample 0", "opening", "sample 1", "final", "sample 2"]


def test_what_has_waited_long_is_not_put_off_for_previews(job_queue: JobQueue, log: Log) -> None:
    gate = held(job_queue, log)
    job_queue.put(of("dragging", "preview", log, preview=True))
    job_queue.put(of("patient", "sample", log, created=time.monotonic() - 60))
    job_queue.put(of("dragging", "another preview", log, preview=True))
    gate.open.set()
    settle(job_queue)
    assert log == ["first", "preview", "sample", "another preview"]


def test_a_client_that_never_rests_does_not_keep_others_long_jobs_from_going_on(
    job_queue: JobQueue, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue_module, "_LONG", 0.05)
    over = threading.Event()

    def movement(previous: Job) -> None:
        if not over.is_set():
            job_queue.put(of("dragging", "movement", log, run=movement))

    def steps(long: Job) -> None:
        for _ in range(3):
            job_queue.run_urgent_jobs(quiet=60)
        over.set()

    job_queue.put(of("patient", "long", log, run=steps, preemptible=True))
    job_queue.put(of("dragging", "movement", log, run=movement))
    settle(job_queue)
    assert over.is_set()
    assert log.count("movement") > 3


def test_cancelled_jobs_are_told_and_end_at_their_next_check(job_queue: JobQueue, log: Log) -> None:
    gate = held(job_queue, log, session="mine")
    job_queue.put(job(log, "waiting", session="mine"))
    job_queue.put(job(log, "another's", session="theirs"))
    assert job_queue.stop("cancelled", lambda job: job.session == "mine") == 2
    assert log == ["waiting cancelled"]
    gate.open.set()
    settle(job_queue)
    assert log == ["waiting cancelled", "first cancelled", "another's"]


def test_at_the_end_everybody_is_told(log: Log) -> None:
    job_queue = JobQueue()
    job_queue.put(job(log, "a"))
    job_queue.end()
    job_queue.run()
    assert log == ["a ending"]
