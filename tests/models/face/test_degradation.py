"""Degraded pictures: the same for a seed, harmed as much as asked, and moved exactly as the transform says."""

import dataclasses

import numpy as np
import pytest
import skimage.data
from anycost_models.face.aligned_square import apply
from anycost_models.face.degradation import IN_PLACE, NONE, TRAINING, degrade, jpeg

FACE = skimage.data.astronaut()[:256, 96:352]


def error(a, b):
    """Root mean square, 0…255."""
    return float(np.sqrt(np.mean((a.astype(np.float64) - b) ** 2)))


def only(**strength):
    return dataclasses.replace(NONE, **strength)


def test_a_seed_is_a_picture_and_another_seed_another():
    before = FACE.copy()
    once, again, other = degrade(FACE, 1), degrade(FACE, 1), degrade(FACE, 2)
    for field in ("image", "target", "matrix", "covered"):
        np.testing.assert_array_equal(getattr(once, field), getattr(again, field))
    assert error(once.image, other.image) > 3
    np.testing.assert_array_equal(FACE, before)  # what came in is left alone


@pytest.mark.parametrize("side", [64, 256, 512])
def test_pictures_keep_their_size_and_kind(side):
    for seed in range(12):
        harmed = degrade(np.ascontiguousarray(np.resize(FACE, (side, side, 3))), seed)
        for picture in (harmed.image, harmed.target):
            assert (picture.shape, picture.dtype) == ((side, side, 3), np.uint8)
        assert (harmed.covered.shape, harmed.covered.dtype) == ((side, side), bool)


def test_no_strength_is_no_harm():
    for seed in range(5):
        harmed = degrade(FACE, seed, NONE)
        np.testing.assert_array_equal(harmed.image, FACE)
        np.testing.assert_array_equal(harmed.target, FACE)
        np.testing.assert_array_equal(harmed.matrix, np.eye(2, 3))
        assert not harmed.covered.any()


@pytest.mark.parametrize(
    ("kind", "much"),
    [
        *(("exposure", 1.0), ("colour", 0.3), ("gamma", 0.4), ("saturation", 0.6)),
        *(("blur", 4.0), ("reduce", 8.0), ("noise", 25.0), ("jpeg", 10), ("occluder", 1.0)),
    ],
)
def test_each_harm_does_something_and_moves_nothing(kind, much):
    harmed = [degrade(FACE, seed, only(**{kind: much})) for seed in range(8)]
    errors = [error(each.image, FACE) for each in harmed]
    assert np.median(errors) > 1
    assert max(errors) < 120
    assert all(np.array_equal(each.target, FACE) for each in harmed)


def test_stronger_is_worse():
    def mean(strength):
        return np.mean([error(degrade(FACE, seed, strength).image, FACE) for seed in range(10)])

    for kind, little, much in (("noise", 5.0, 25.0), ("blur", 1.0, 5.0), ("exposure", 0.2, 1.0)):
        assert mean(only(**{kind: much})) > 1.3 * mean(only(**{kind: little}))


def test_in_place_the_face_stays_where_it_was():
    for seed in range(8):
        harmed = degrade(FACE, seed, IN_PLACE)
        np.testing.assert_array_equal(harmed.target, FACE)
        assert not harmed.flipped


def test_the_transform_says_where_each_point_went():
    """A bright dot is followed through turn, zoom, shift and mirror image."""
    seen = set()
    for seed in range(10):
        dark = np.zeros((256, 256, 3), np.uint8)
        dark[96:104, 150:158] = 255  # its centre lies at 154, 100
        moves = only(shift=0.05, turn=10.0, zoom=0.1, flip=0.5)
        harmed = degrade(dark, seed, moves)
        weight = harmed.image[..., 0].astype(np.float64)
        y, x = np.mgrid[:256, :256] + 0.5
        found = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
        np.testing.assert_allclose(found, apply(harmed.matrix, np.array([[154.0, 100.0]]))[0], atol=0.1)
        assert (np.linalg.det(harmed.matrix[:, :2]) < 0) == harmed.flipped
        seen.add(harmed.flipped)
    assert seen == {False, True}


def test_what_is_covered_is_told():
    for seed in range(8):
        harmed = degrade(FACE, seed, only(occluder=1.0))
        changed = np.abs(harmed.image.astype(int) - FACE).max(axis=-1) > 60
        assert 0.001 < harmed.covered.mean() < 0.5
        near = np.zeros_like(harmed.covered)  # the soft edge reaches a few pixels further
        for dy in range(-4, 5):
            for dx in range(-4, 5):
                near |= np.roll(harmed.covered, (dy, dx), axis=(0, 1))
        assert not (changed & ~near).any()


def test_a_worse_quality_is_a_worse_picture():
    errors = [error(jpeg(FACE, quality), FACE) for quality in (95, 60, 20, 5)]
    assert errors == sorted(errors)


def test_a_training_picture_is_still_a_face_one_can_see():
    """The harms together leave most of the picture: structure correlates with the target's outside of occluders."""
    for seed in range(20):
        harmed = degrade(FACE, seed, TRAINING)
        shown = ~harmed.covered
        a, b = (picture.mean(axis=-1)[shown] for picture in (harmed.image, harmed.target))
        assert np.corrcoef(a, b)[0, 1] > 0.85
