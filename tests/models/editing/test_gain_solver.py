"""How far an attribute must go until a face shows what was promised."""

import math

import pytest
from anycost_models.editing.gain_solver import LEAST_GAIN, MEASUREMENTS, find_gain


def test_a_face_that_answers_as_usual_keeps_the_usual_gain() -> None:
    found = find_gain(lambda gain: gain / 1.25, usual=1.25, most=2.0)
    assert found.gain == 1.25
    assert found.share == 1


@pytest.mark.parametrize("slope", [0.6, 0.7, 1.3])
def test_a_face_that_answers_less_or_more_gets_what_was_promised(slope: float) -> None:
    found = find_gain(lambda gain: slope * gain, usual=1.25, most=2.0)
    assert found.share == pytest.approx(1, abs=0.08)


def test_nothing_goes_further_than_faces_hold_together() -> None:
    tried = []

    def stubborn(gain: float) -> float:
        tried.append(gain)
        return 0.2 * gain

    found = find_gain(stubborn, usual=1.25, most=1.6)
    assert found.gain == 1.6
    assert max(tried) == 1.6
    assert len(tried) <= MEASUREMENTS
    assert found.share == pytest.approx(0.32)


def test_what_cannot_be_measured_stays_as_usual() -> None:
    found = find_gain(lambda gain: math.nan, usual=1.25, most=2.0)
    assert found.gain == 1.25
    assert math.isnan(found.share)


def test_a_slider_always_moves_something() -> None:
    """However little is asked: a face at the end of a label would else stay as it is."""
    assert find_gain(lambda gain: 10 * gain, usual=1.25, most=2.0).gain >= LEAST_GAIN


def test_of_what_was_tried_the_best_is_kept() -> None:
    """Beyond a point it gets less: a mouth that opens further is no longer seen as one."""
    found = find_gain(lambda gain: 0.8 if gain < 1.4 else 0.3, usual=1.25, most=2.0)
    assert found.share == 0.8


def test_a_face_that_does_not_answer_is_not_driven_to_the_end() -> None:
    assert find_gain(lambda gain: 0.01 * gain, usual=1.25, most=2.0).gain == 1.25
