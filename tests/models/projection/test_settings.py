"""A projection's steps: as many as its stages say, or as its budget allows."""

import time

import pytest
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionStage, Schedule

STAGES = (ProjectionStage(SubGenerator(128), 4, 0.4, 0.1), ProjectionStage(SubGenerator(1024), 2))


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when it is told to."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def run(schedule, clock, seconds):
    """How many steps each stage gets, when a step takes `seconds` of its resolution."""
    taken = {}
    for stage in schedule.stages():
        taken[stage.sub.resolution] = 0
        for _ in schedule.rates():
            clock[0] += seconds[stage.sub.resolution]
            taken[stage.sub.resolution] += 1
    return taken


def test_without_a_budget_the_stages_say_how_many(clock):
    schedule = Schedule(STAGES, [1, 4], None, 0.0, after=2)
    assert run(schedule, clock, {128: 1, 1024: 100}) == {128: 4, 1024: 2}
    assert (schedule.done, schedule.total) == (6, 6)


def test_rates_fall_after_a_warm_up():
    rates = [STAGES[0].rate(step, step / 9) for step in range(10)]
    assert rates[0] < rates[3] > rates[9]
    assert rates[9] == pytest.approx(0.1)


@pytest.mark.parametrize("budget", [3, 10, 40, 200])
def test_a_budget_is_divided_and_kept(clock, budget):
    schedule = Schedule(STAGES, [1, 4], budget, 0.0, after=2)
    taken = run(schedule, clock, {128: 1, 1024: 4})
    assert clock[0] <= budget - 2 or taken == {128: 1, 1024: 0}  # drawing the result takes 2 more
    if budget >= 40:
        assert taken[1024] == pytest.approx(taken[128] / 2, rel=0.3)  # as the stages' steps are to each other
        assert clock[0] > budget - 2 - 4


def test_no_budget_at_all_is_no_step(clock):
    assert run(Schedule(STAGES, [1, 4], 0, 0.0, after=2), clock, {128: 1, 1024: 4}) == {128: 0, 1024: 0}


def test_a_machine_that_slows_down_gets_fewer_steps(clock):
    schedule = Schedule(STAGES, [1, 4], 40, 0.0, after=2)
    assert run(schedule, clock, {128: 1, 1024: 15})[1024] == 1
    assert clock[0] <= 40
