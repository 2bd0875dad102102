"""Warps that follow a face's own shape, on the face of a photograph."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
from anycost_models.editing.directions import MAX_STRENGTH, load_directions
from anycost_models.editing.displacements import load_displacements
from anycost_models.editing.effects import NO_EFFECTS, load_effects
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FACE_OVAL, IRISES, LIDS, LIPS, FaceMesh, Landmarks
from anycost_models.face.shape_warps import SHAPE_WARPS, displaced, holding


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    """In square units."""
    mesh, photo = FaceMesh.load(), skimage.data.astronaut()
    found = mesh.landmarks(photo, AlignedSquare((222.0, 115.0), (80.0, 0.0)))
    return found.moved(found.ffhq_square().matrix(1))


@pytest.fixture(scope="module")
def face(landmarks: Landmarks) -> np.ndarray:
    """[478, 2], square units."""
    return landmarks.points[:, :2].astype(np.float64)


@pytest.mark.parametrize("name", SHAPE_WARPS)
def test_only_the_feature_moves_and_there_and_back_is_nothing(face: np.ndarray, name: str) -> None:
    there, back = (SHAPE_WARPS[name](face, multiple) for multiple in (1.0, -1.0))
    far = np.hypot(*there.T)
    assert 0.004 < far.max() < 0.03  # of the square
    assert far[list(FACE_OVAL)].max() < 1e-9
    assert np.allclose(SHAPE_WARPS[name](face, 0.5), there / 2)
    assert ((there * back).sum(axis=1) <= 0).all()
    assert np.array_equal(there == 0, back == 0)


@pytest.mark.parametrize("multiple", [-1.3, 1.3])
def test_eyes_grow_about_their_centres_with_their_irises(face: np.ndarray, multiple: float) -> None:
    grown = face + SHAPE_WARPS["eye_size"](face, multiple)
    for iris, lids in zip(IRISES, LIDS, strict=True):
        both = [*iris, *lids]
        middle = face[list(lids)].mean(axis=0)
        np.testing.assert_allclose(grown[both] - middle, (1 + 0.13 * multiple) * (face[both] - middle), atol=1e-6)


def test_a_wider_mouth_stays_level(face: np.ndarray) -> None:
    moved = SHAPE_WARPS["mouth_width"](face, 1.0)
    across = face[291] - face[61]
    assert (moved[291] - moved[61]) @ across / (across @ across) == pytest.approx(0.12, abs=0.005)
    upright = np.array([-across[1], across[0]])
    assert np.abs(moved[list(LIPS)] @ upright).max() < 1e-9


def test_a_longer_nose_moves_as_one_above_lips_that_stay(face: np.ndarray) -> None:
    moved = SHAPE_WARPS["nose_length"](face, 1.0)
    tip, base = moved[4], moved[2]
    np.testing.assert_allclose(tip, base, rtol=0.1)  # nostrils keep their shape
    assert base @ (face[2] - face[168]) > 0
    assert np.hypot(*moved[[0, 13, 61, 291, 168, 33, 263]].T).max() < 1e-3


@pytest.mark.parametrize("sense", [-1, 1])
def test_lids_follow_a_gaze_and_corners_stay(face: np.ndarray, sense: int) -> None:
    moved = SHAPE_WARPS["gaze_up"](face, sense)
    for (centre, *rim), lids in zip(IRISES, LIDS, strict=True):
        np.testing.assert_allclose(moved[rim], np.tile(moved[centre], (4, 1)))  # round
        assert sense * moved[centre][1] < -0.005
        assert np.abs(moved[[lids[0], lids[8]]]).max() < 1e-9
        way = moved[list(lids)] @ moved[centre] / (moved[centre] @ moved[centre])
        assert 0.3 < way.max() < 1


def test_the_model_draws_nothing_for_them() -> None:
    latent = np.random.default_rng(0).normal(size=(16, 512)).astype(np.float32)
    directions = load_directions()
    for name in SHAPE_WARPS:
        assert not directions.direction(name).learned
        assert np.array_equal(directions.apply(latent, {name: 1.0}), latent)
    assert directions.direction("jaw_width").learned


@pytest.mark.parametrize("name", SHAPE_WARPS)
def test_what_a_drawing_does_to_a_held_label_is_taken_back(landmarks: Landmarks, face: np.ndarray, name: str) -> None:
    effects, directions, points = load_effects(), load_directions(), landmarks.points.copy()
    points[:, :2] += SHAPE_WARPS[name](face, 0.5)
    more = replace(landmarks, points=points)

    def held(strength: float, before: Landmarks, after: Landmarks, moving: np.ndarray | float = 1.0) -> float:
        found = holding((name, "smile"), {name: strength}, before, after, moving, directions, effects)
        assert set(found) == {name}
        return found[name]

    assert held(0.0, landmarks, more) == pytest.approx(-0.5, abs=0.15)
    assert held(1.0, landmarks, more) == pytest.approx(1 + held(0.0, landmarks, more))
    assert held(0.0, landmarks, more, np.zeros(len(points))) == pytest.approx(0, abs=1e-6)
    assert held(MAX_STRENGTH, more, landmarks) == MAX_STRENGTH
    assert holding((name,), {}, landmarks, more, 1.0, directions, NO_EFFECTS) == {}


def test_lids_never_cross(face: np.ndarray) -> None:
    """However narrow eyes are, and however much of them is to close."""
    effects, displacements = load_effects(), load_displacements()
    narrow = face.copy()
    for ring in LIDS:
        lids = list(ring)
        narrow[lids, 1] += 0.7 * (narrow[lids, 1].mean() - narrow[lids, 1])
    for points in (face, narrow):
        shut = displaced({"eyes_open": -2, "squint": 2}, load_directions(), effects, displacements, points)
        for ring in LIDS:
            upper, lower = list(ring[1:8]), list(ring[9:])
            before, after = (each[lower, 1].mean() - each[upper, 1].mean() for each in (points, points + shut))
            assert 0.3 * before < after < 0.75 * before
