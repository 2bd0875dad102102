"""Calls are timed in turn, and the first round is not counted."""

import time

from anycost_models.core.timing import interleaved_milliseconds, milliseconds


def test_each_round_gives_every_call_its_turn():
    order = []
    taken = interleaved_milliseconds({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert order == ["a", "b"] * 4
    assert {name: len(each) for name, each in taken.items()} == {"a": 3, "b": 3}


def test_the_unit_is_milliseconds():
    assert milliseconds(lambda: time.sleep(0.02)) >= 20
