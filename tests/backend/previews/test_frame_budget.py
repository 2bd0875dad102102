"""Which sub-generator draws the images of a drag, on a free machine, a busy one, and one that gets free again."""

from dataclasses import dataclass

import pytest
from anycost_backend.previews.preview_ladder import FrameBudget
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import BUDGET, Latency, LatencyTable

SMALL, NARROW, WIDE = SubGenerator(64, 0.25), SubGenerator(256, 0.25), SubGenerator(256, 0.5)
FULL = SubGenerator(1024)
MS = {SMALL: 2.0, NARROW: 7.0, WIDE: 12.0, FULL: 120.0}  # on a free machine
TABLE = LatencyTable("a CPU", "openvino", 0, tuple(Latency(sub.resolution, sub.channels, ms) for sub, ms in MS.items()))
BESIDE = 8.0  # milliseconds of an image that are not its drawing, on a free machine


@dataclass
class Machine:
    """Draws images, `slower` times as slowly as in the table."""

    budget: FrameBudget
    slower: float = 1.0
    seconds: float = 0.0

    def clock(self) -> float:
        return self.seconds

    def picture(self, faces: int = 1) -> tuple[SubGenerator, float]:
        """What drew it, and the milliseconds that it took."""
        sub = self.budget.choose(256, faces)
        rendering = [self.slower * MS[sub] for _ in range(faces)]
        for ms in rendering:
            self.budget.load_estimator.observe(sub, ms)
        whole = sum(rendering) + self.slower * BESIDE
        self.budget.observe(sub, whole, sum(rendering))
        self.seconds += whole / 1000
        return sub, whole

    def drag(self, pictures: int = 12, faces: int = 1) -> tuple[SubGenerator, float]:
        """The last of so many."""
        return [self.picture(faces) for _ in range(pictures)][-1]

    def pause(self) -> None:
        self.seconds += 1


@pytest.fixture
def machine() -> Machine:
    machine = Machine(FrameBudget(TABLE))
    machine.budget = FrameBudget(TABLE, machine.clock)
    return machine


def test_a_free_machine_draws_by_the_best_that_holds_the_frame(machine: Machine) -> None:
    assert machine.drag()[0] == WIDE


@pytest.mark.parametrize(("slower", "frames"), [(0.4, 60), (0.9, 60), (1.0, 30), (2.0, 30)])
def test_a_quick_machine_draws_sixty_pictures_a_second_and_others_thirty(
    machine: Machine, slower: float, frames: int
) -> None:
    """Sixty only where they are as good as 256 px with a quarter of the channels."""
    machine.slower = slower
    machine.drag()
    machine.pause()
    sub, whole = machine.drag()
    assert machine.budget.frames_per_second == frames
    assert whole <= 1000 / frames
    assert sub != SMALL


def test_a_drag_that_cannot_hold_sixty_goes_on_with_thirty(machine: Machine) -> None:
    machine.slower = 0.4
    machine.drag()
    machine.slower = 1.2
    machine.drag()
    machine.slower = 0.4
    machine.drag()
    assert machine.budget.frames_per_second == 30
    machine.pause()
    machine.drag()
    assert machine.budget.frames_per_second == 60


@pytest.mark.parametrize("slower", [1.0, 1.7, 2.0, 2.3])
def test_the_frame_is_held_on_a_busy_machine_by_cheaper_ones(machine: Machine, slower: float) -> None:
    machine.slower = slower
    sub, whole = machine.drag()
    assert whole <= BUDGET
    assert (sub == WIDE) == (slower == 1.0)


def test_where_none_holds_it_the_quickest_draws(machine: Machine) -> None:
    machine.slower = 10
    assert machine.drag()[0] == SMALL


def test_one_picture_that_was_held_up_changes_nothing(machine: Machine) -> None:
    machine.drag()
    machine.slower = 10
    machine.picture()
    machine.slower = 1
    assert machine.drag()[0] == WIDE


def test_it_gets_better_with_the_next_drag(machine: Machine) -> None:
    machine.slower = 2
    assert machine.drag()[0] == NARROW
    machine.slower = 1
    assert machine.drag()[0] == NARROW
    machine.pause()
    assert machine.drag()[0] == WIDE


def test_within_a_drag_it_gets_better_when_that_has_long_been_possible(machine: Machine) -> None:
    machine.slower = 2
    assert machine.drag()[0] == NARROW
    machine.slower = 1
    started, chosen = machine.seconds, []
    while machine.seconds < started + 3:
        chosen.append(machine.picture()[0])
    switches = [number for number in range(1, len(chosen)) if chosen[number] != chosen[number - 1]]
    assert len(switches) == 1
    assert chosen[-1] == WIDE


def test_within_a_drag_it_does_not_flicker(machine: Machine) -> None:
    machine.slower = 2
    machine.drag()
    for number in range(100):  # now free, now busy
        machine.slower = 1 if number // 10 % 2 else 2
        assert machine.picture()[0] == NARROW


def test_two_faces_share_the_frame(machine: Machine) -> None:
    sub, whole = machine.drag(faces=2)
    assert sub == NARROW
    assert whole <= BUDGET


def test_it_says_what_to_have_ready(machine: Machine) -> None:
    assert machine.budget.likely(256) == (WIDE, NARROW, SMALL)
