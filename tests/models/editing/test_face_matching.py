"""What one face takes over from another, on made-up faces whose labels are known."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import Direction, Directions
from anycost_models.editing.effects import load_effects
from anycost_models.editing.face_matching import MAX_STRENGTH, labels_to_compare, match

NAMES = ("smile", "mouth_open", "eyes_open", "yaw")
FACE = np.zeros((4, 6), np.float32)
DIRECTIONS = Directions(
    MappingProxyType(
        {name: Direction(name, "", "", "face", (0, 4), np.eye(6, dtype=np.float32)[i]) for i, name in enumerate(NAMES)}
    )
)


def labels(latent: np.ndarray) -> dict[str, float]:
    """Smiling opens the mouth and narrows the eyes; a mouth is never less than closed."""
    smile, mouth, eyes, yaw = latent[0, :4].astype(float)
    return {
        "smile": float(np.tanh(smile)),
        "mouth_open": max(0.0, 0.1 * (mouth + 0.6 * smile)),
        "eyes_open": 0.3 * (eyes - 0.5 * smile),
        "yaw": 13 * yaw,
    }


def labels_at(strengths: Mapping[str, float]) -> dict[str, float]:
    return labels(DIRECTIONS.apply(FACE, strengths))


def change(source: np.ndarray) -> dict[str, float]:
    return {name: labels(source)[name] - labels(FACE)[name] for name in NAMES}


def test_an_expression_is_taken_over_as_strengths_and_nothing_else_is() -> None:
    source = FACE + np.array([0.8, 0.4, -0.6, 1.2, 0, 0], np.float32)
    found = match("expression", NAMES, FACE, source, change(source), labels_at)
    assert set(found.strengths) == {"smile", "mouth_open", "eyes_open"}
    assert found.offset is None
    assert found.left < 0.1
    reached, wanted = labels(DIRECTIONS.apply(FACE, found.strengths)), labels(source)
    for name in found.strengths:
        assert reached[name] == pytest.approx(wanted[name], abs=0.03)
    assert reached["yaw"] == 0
    pose = match("pose", NAMES, FACE, source, change(source), labels_at)
    assert pose.strengths == {"yaw": pytest.approx(1.2, abs=0.05)}


def test_what_is_too_far_is_taken_over_as_far_as_is_natural() -> None:
    source = FACE + np.array([0, 0, 0, 5, 0, 0], np.float32)
    found = match("pose", NAMES, FACE, source, change(source), labels_at)
    assert found.strengths == {"yaw": MAX_STRENGTH}
    assert 0.5 < found.left < 0.8


def test_light_is_taken_over_as_rows_where_no_attribute_says_it() -> None:
    face, source = np.random.default_rng(0).standard_normal((2, 16, 6)).astype(np.float32)
    found = match("lighting", NAMES, face, source, {}, labels_at)
    assert found.offset is not None
    assert np.allclose((face + found.offset)[6:10], source[6:10])
    assert not found.offset[:6].any()
    assert not found.offset[10:].any()
    assert found.strengths == {}


def test_what_cannot_be_measured_is_left_alone_and_what_cannot_be_is_said() -> None:
    found = match("expression", NAMES, FACE, FACE, dict.fromkeys(NAMES, float("nan")), labels_at)
    assert not any(found.strengths.values())
    with pytest.raises(AnycostError, match="pose"):
        match("pose", (), FACE, FACE, {}, labels_at)
    assert labels_to_compare("pose", ("pitch", "smile")) == ("pitch",)
    with pytest.raises(KeyboardInterrupt):
        match("pose", NAMES, FACE, FACE, change(FACE), labels_at, _stop)


def _stop(fraction: float) -> None:
    raise KeyboardInterrupt


def test_what_differs_by_person_more_than_by_expression_is_not_compared() -> None:
    """Of people who all look at the camera, the label of a gaze up differs by more than strength 1 changes it."""
    effects = load_effects()
    compared = labels_to_compare("expression", effects.labels)
    assert "gaze_side" in compared
    assert "gaze_up" not in compared
    assert effects.labels["gaze_up"].deviation > effects.attributes["gaze_up"].promise
