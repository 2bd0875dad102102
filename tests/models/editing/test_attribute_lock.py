"""What is held stays: on a made-up face whose labels are known, and on drawn ones as they are measured."""

from types import MappingProxyType

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.attribute_lock import AttributeLock
from anycost_models.editing.directions import Direction, Directions

NAMES = ("smile", "mouth_open", "glasses", "unseen")
FACE = np.zeros((2, 4), np.float32)


def made_up() -> Directions:
    """Attribute i is a step along axis i."""
    return Directions(
        MappingProxyType(
            {
                name: Direction(name, "", "", "face", (0, 2), np.eye(4, dtype=np.float32)[i])
                for i, name in enumerate(NAMES)
            }
        )
    )


def labels(latent: np.ndarray) -> dict[str, float]:
    """Smiling opens the mouth, ever more; opening it smiles a little; glasses cannot be measured on a wide smile."""
    smile, mouth, glasses, _ = latent[0].astype(float)
    return {
        "smile": smile + 0.2 * mouth,
        "mouth_open": 5 * (mouth + 0.6 * smile + 0.3 * smile * abs(smile)),
        "glasses": glasses + 0.3 * smile if smile < 1.5 else np.nan,
    }


def drift(strengths: dict[str, float], name: str = "mouth_open") -> float:
    directions = made_up()
    own = {name: strengths.get(name, 0.0)}
    return labels(directions.apply(FACE, strengths))[name] - labels(directions.apply(FACE, own))[name]


def test_a_held_label_stays_while_another_attribute_moves() -> None:
    holding = AttributeLock(made_up(), FACE, labels)
    for smile in (-1.0, 0.3, 0.7, 1.0):
        left = labels(made_up().apply(FACE, holding.exact({"smile": smile}, ("mouth_open",))))["mouth_open"]
        assert abs(left) < 0.05 * 5, smile
        assert abs(drift({"smile": smile})) > 0.9


def test_what_was_set_of_the_held_attribute_is_what_stays() -> None:
    holding = AttributeLock(made_up(), FACE, labels)
    found = holding.exact({"smile": 0.5, "mouth_open": 0.8}, ("mouth_open",))
    assert labels(made_up().apply(FACE, found))["mouth_open"] == pytest.approx(5 * 0.8, abs=0.05 * 5)
    assert found["smile"] == 0.5


def test_a_slider_that_is_dragged_costs_nothing_after_the_first_time() -> None:
    holding = AttributeLock(made_up(), FACE, labels)
    first = holding.quick({"smile": 0.2}, ("mouth_open", "glasses"))
    asked = holding.measured
    drags = [holding.quick({"smile": smile}, ("mouth_open", "glasses")) for smile in np.linspace(0.1, 1.4, 20)]
    assert holding.measured == asked < 10
    counters = [drag["mouth_open"] for drag in (first, *drags)]
    assert max(counters) < 0
    assert np.all(np.diff(counters[1:]) < 0)  # it follows smoothly


def test_the_answer_does_not_depend_on_what_was_asked_before() -> None:
    asked, fresh = AttributeLock(made_up(), FACE, labels), AttributeLock(made_up(), FACE, labels)
    for smile in (0.2, -0.8, 0.9):
        asked.quick({"smile": smile}, ("glasses",))
        asked.exact({"smile": smile, "glasses": 0.5}, ("glasses", "mouth_open"))
    wanted = {"smile": 0.6}, ("mouth_open", "glasses")
    assert asked.exact(*wanted) == fresh.exact(*wanted) == fresh.quick(*wanted)
    pictures = fresh.measured
    fresh.exact(wanted[0], wanted[1][::-1])
    assert fresh.measured == pictures


def test_labels_that_cannot_be_measured_and_attributes_without_one_are_left_alone() -> None:
    holding = AttributeLock(made_up(), FACE, labels)
    assert holding.exact({"smile": 0.5}, ("unseen",)) == {"smile": 0.5}
    assert holding.exact({"smile": 0.5}, ()) == {"smile": 0.5}
    found = holding.exact({"smile": 1.8}, ("glasses", "mouth_open"))
    assert np.isfinite(list(found.values())).all()
    faceless = AttributeLock(made_up(), FACE, lambda latent: dict.fromkeys(NAMES, float("nan")))
    assert faceless.exact({"smile": 1.0}, ("glasses",)) == {"smile": 1.0, "glasses": 0.0}
    with pytest.raises(AnycostError, match="glasses"):
        holding.exact({"smile": 1.0}, ("glases",))


def test_no_strength_leaves_its_range() -> None:
    strong = AttributeLock(made_up(), FACE, lambda latent: {"mouth_open": 0.1 * latent[0, 1] + 3 * latent[0, 0]})
    assert abs(strong.exact({"smile": 2.0, "mouth_open": -1.5}, ("mouth_open",))["mouth_open"]) <= 2


def test_an_offset_is_held_against_as_strengths_are() -> None:
    offset = np.zeros_like(FACE)
    offset[:, 0] = 0.8
    directions = made_up()
    holding = AttributeLock(directions, FACE, labels, offset)
    found = holding.exact({}, ("mouth_open",))
    assert labels(made_up().apply(FACE + offset, found))["mouth_open"] == pytest.approx(0, abs=0.05 * 5)
    assert holding.fits(directions, FACE.copy(), offset.copy())
    assert not holding.fits(directions, FACE, None)
    assert not holding.fits(made_up(), FACE, offset)
