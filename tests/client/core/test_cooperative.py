"""Long work between a program's events: it ends once, with what it made or with why not."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anycost_client.core.cooperative import CooperativeRunner, Steps, Turn, at_once
from anycost_client.core.errors import HostError
from anycost_client.core.problem import BUG, Problem
from anycost_client.core.translation import Translator


class Loop:
    """Calls what was put off, one call at a time."""

    def __init__(self, folder: Path) -> None:
        self.calls: deque[Callable[[], None]] = deque()
        self.ended: list[Any] = []
        tr = Translator(folder, lambda: "en")
        self.runner = CooperativeRunner(lambda milliseconds, call: self.calls.append(call), tr)

    def outcome(self, work: Steps[Any]) -> Any:
        self.runner.start(work, self.ended.append)
        while self.calls:
            self.calls.popleft()()
        assert len(self.ended) == 1
        return self.ended[0]


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return Loop(tmp_path)


def counting(steps: int, error: Exception | None = None) -> Steps[int]:
    for _ in range(steps):
        yield
    if error:
        raise error
    return steps


def test_it_returns_what_was_made(loop):
    assert loop.outcome(counting(3)) == at_once(counting(3)) == 3


def test_what_a_person_can_mend_keeps_its_words_and_its_reason(loop):
    problem = loop.outcome(counting(1, HostError("the layer is gone", "undo", "gone")))
    assert problem == Problem("the layer is gone", "undo", "gone")


def test_too_little_memory_has_a_remedy(loop):
    assert loop.outcome(counting(0, MemoryError())).remedy == "select the face alone"


def test_a_bug_is_kept_with_its_trace(loop):
    problem = loop.outcome(counting(1, ZeroDivisionError("never seen")))
    assert problem.reason == BUG
    assert "never seen" in problem.trace
    assert "ZeroDivisionError" in problem.cause


def test_what_is_stopped_tidies_up_and_says_so_once(loop):
    tidied = []

    def work() -> Steps[None]:
        try:
            while True:
                yield
        finally:
            tidied.append(True)

    loop.runner.start(work(), loop.ended.append)
    loop.calls.popleft()()
    loop.runner.stop()
    while loop.calls:
        loop.calls.popleft()()
    assert tidied == [True]
    assert [problem.reason for problem in loop.ended] == ["cancelled"]


def test_what_is_stopped_while_it_executes_ends_with_that_step(loop):
    """As in a host that delivers events while it is being called."""
    seen = []

    def work() -> Steps[None]:
        try:
            loop.runner.stop()
            assert not loop.runner.running
            seen.append("went on")
            yield
            seen.append("never")
        finally:
            seen.append("tidied")

    assert loop.outcome(work()).reason == "cancelled"
    assert seen == ["went on", "tidied"]


def test_a_last_step_that_is_stopped_has_done_its_work(loop):
    def work() -> Steps[str]:
        loop.runner.stop()
        return "written"
        yield

    assert loop.outcome(work()) == "written"


def test_nothing_begins_within_a_step_of_another(tmp_path):
    """Two runners that share their turn; the first one's step lets timers go on."""
    calls: deque[Callable[[], None]] = deque()
    later, tr, order, ended = lambda _, call: calls.append(call), Translator(tmp_path, lambda: "en"), [], []
    turn = Turn(later)
    drawing, writing = CooperativeRunner(later, tr, turn), CooperativeRunner(later, tr, turn)

    def nested() -> None:
        while calls:
            calls.popleft()()

    def draw() -> Steps[None]:
        order.append("draw")
        writing.start(write(), ended.append)
        nested()
        order.append("drawn")
        yield

    def write() -> Steps[None]:
        order.append("write")
        yield

    drawing.start(draw(), ended.append)
    nested()
    assert order == ["draw", "drawn", "write"]
    assert len(ended) == 2
    assert not turn.taken
