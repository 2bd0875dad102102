"""What is found on a face while one slider moves is measured at a few strengths, and interpolated between them."""

from collections.abc import Mapping

import numpy as np
import pytest
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.head_parts import HeadParts
from anycost_backend.previews.landmark_interpolation import FaceGeometry, LandmarkInterpolator
from anycost_models.face.landmarks import Landmarks
from anycost_models.parsing.parts import Parts


class Looking:
    """Landmarks that lie where the smile has moved them, and the strengths at which somebody looked."""

    def __init__(self) -> None:
        self.at: list[dict[str, float]] = []

    def __call__(self, strengths: Mapping[str, float]) -> FaceGeometry:
        self.at.append(dict(strengths))
        points = np.full((478, 3), 100 + 8 * strengths.get("smile", 0.0) + strengths.get("age", 0.0), np.float32)
        parts = Parts(np.full((10, 4, 4), strengths.get("smile", 0.0), np.float32))
        return FaceGeometry(Landmarks(points, 0.9), HeadParts.of(parts))


@pytest.fixture
def looking() -> Looking:
    return Looking()


@pytest.fixture
def following() -> LandmarkInterpolator:
    return LandmarkInterpolator(ByteLRUCache(1 << 20))


def drag(following: LandmarkInterpolator, looking: Looking, *positions: dict[str, float]) -> list[FaceGeometry | None]:
    return [following.find(0, ("face",), strengths, looking) for strengths in positions]


def test_a_drag_looks_at_each_half_unit_once(following: LandmarkInterpolator, looking: Looking) -> None:
    found = drag(following, looking, *({"smile": strength} for strength in (0.1, 0.2, 0.45, 0.6, 0.9, 0.3)))
    assert looking.at == [{"smile": 0.0}, {"smile": 0.5}, {"smile": 1.0}]
    shown = [each.landmarks.points[0, 0] for each in found if each]
    assert shown == pytest.approx([100.8, 101.6, 103.6, 104.8, 107.2, 102.4])
    last = found[-1]
    assert last
    assert last.parts["hair"] == pytest.approx(0.3)
    assert last.landmarks.presence == 0.9


def test_below_zero_it_is_the_same(following: LandmarkInterpolator, looking: Looking) -> None:
    (found,) = drag(following, looking, {"smile": -0.25})
    assert found
    assert found.landmarks.points[0, 0] == pytest.approx(98)
    assert looking.at == [{"smile": -0.5}, {"smile": 0.0}]


def test_what_rests_at_another_strength_is_looked_at_with_it(following: LandmarkInterpolator, looking: Looking) -> None:
    drag(following, looking, {"smile": 0.5})
    assert looking.at == [{"smile": 0.5}]  # exactly there: nothing to interpolate
    found = drag(following, looking, {"smile": 0.5, "age": 0.25})[0]
    assert found
    assert found.landmarks.points[0, 0] == pytest.approx(104.25)
    assert {"smile": 0.5, "age": 0.5} in looking.at


def test_where_two_have_moved_the_picture_itself_is_looked_at(
    following: LandmarkInterpolator, looking: Looking
) -> None:
    assert drag(following, looking, {"smile": 0.5, "age": 0.5}) == [None]
    assert looking.at == []
    assert drag(following, looking, {"smile": 0.6, "age": 0.5})[0] is not None


def test_a_picture_that_is_asked_for_again_is_known(following: LandmarkInterpolator, looking: Looking) -> None:
    first, again = drag(following, looking, {"smile": 0.3}, {"smile": 0.3})
    assert first
    assert again
    assert np.array_equal(first.landmarks.points, again.landmarks.points)
    assert len(looking.at) == 2
