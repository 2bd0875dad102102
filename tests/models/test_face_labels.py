"""What is measured on a real face is what one sees, and follows what is done to the picture."""

import math

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_models.face_labels import LABELS, FaceLabels, chip_square
from anycost_models.face_masks import face_oval_mask, hair_mask, matte
from anycost_models.square import AlignedSquare

# The astronaut's FFHQ square.
SQUARE = AlignedSquare((225.4, 106.2), (86.35, 4.46))
CROP = SQUARE.crop(skimage.data.astronaut(), 256)


@pytest.fixture(scope="module")
def labels():
    return FaceLabels.load()


@pytest.fixture(scope="module")
def measured(labels):
    return labels.measure(CROP)


@pytest.fixture(scope="module")
def face(labels):
    return labels.mesh.landmarks_aligned(CROP)


def test_the_astronaut(measured):
    assert list(measured) == list(LABELS)
    assert measured["smile"] > 0.7
    assert measured["mouth_open"] < 0.2
    assert measured["eyes_open"] > 0.8
    assert abs(measured["yaw"]) < 8
    assert abs(measured["roll"]) < 2
    assert 25 < measured["age"] < 45
    assert measured["gender"] < -2
    assert measured["glasses"] < 1  # of 300 generated faces, those with glasses have 2 and more
    assert 25 < measured["hair_lightness"] < 50  # brown
    assert measured["skin_lightness"] > 65
    assert measured["lip_colour"] > 4


def test_size_hardly_matters(labels, measured):
    larger = labels.measure(SQUARE.crop(skimage.data.astronaut(), 700))
    tolerances = {"smile": 0.05, "eyes_open": 0.05, "yaw": 1, "age": 3, "hair_lightness": 2, "skin_warmth": 1}
    for name, tolerance in tolerances.items():
        assert larger[name] == pytest.approx(measured[name], abs=tolerance)


def test_drawn_glasses_are_seen(labels, measured, face):
    worn = CROP.copy()
    for eye in face.eyes():
        x, y = np.round(eye).astype(int).tolist()
        cv2.ellipse(worn, (x, y + 4), (25, 19), 0, 0, 360, (40, 30, 30), 3, cv2.LINE_AA)
    (x0, y), (x1, _) = (np.round(eye).astype(int).tolist() for eye in face.eyes())
    cv2.line(worn, (x0 + 25, y), (x1 - 25, y), (40, 30, 30), 3, cv2.LINE_AA)
    assert labels.measure(worn)["glasses"] > measured["glasses"] + 1.5


def test_dyed_hair_and_warmed_skin_are_seen(labels, measured, face):
    hair = hair_mask(CROP, labels.matte, face)[..., None]
    bleached = (CROP + 0.5 * hair * (255 - CROP.astype(np.float32))).astype(np.uint8)
    assert labels.measure(bleached)["hair_lightness"] > measured["hair_lightness"] + 15
    warm = (CROP * np.array([1.0, 0.97, 0.8])).astype(np.uint8)
    assert labels.measure(warm)["skin_warmth"] > measured["skin_warmth"] + 5


def test_painted_lips_and_beard_are_seen(labels, measured, face):
    lips = face.points[[61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91], :2].round().astype(np.int32)
    teeth = face.points[[78, 81, 13, 311, 308, 402, 14, 178], :2].round().astype(np.int32)
    paint = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(paint, [lips], 1)
    cv2.fillPoly(paint, [teeth], 0)
    red = np.where(paint[..., None] > 0, (CROP * np.array([1.0, 0.6, 0.65])).astype(np.uint8), CROP)
    assert labels.measure(red)["lip_colour"] > measured["lip_colour"] + 8
    jaw = face_oval_mask(face, 256)[..., None] * (np.arange(256) > face.points[0, 1] - 8)[:, None, None]
    grain = np.random.default_rng(0).uniform(0.3, 0.8, (256, 256, 1))
    bearded = (CROP * (1 - jaw * (1 - paint[..., None]) * (1 - grain))).astype(np.uint8)
    assert labels.measure(bearded)["beard"] > measured["beard"] + 15


def test_a_mirrored_face_turns_the_other_way(labels, measured):
    mirrored = labels.measure(np.ascontiguousarray(CROP[:, ::-1]))
    assert mirrored["yaw"] == pytest.approx(-measured["yaw"], abs=3)
    assert mirrored["smile"] == pytest.approx(measured["smile"], abs=0.05)
    assert mirrored["age"] == pytest.approx(measured["age"], abs=6)


def test_no_face_gives_no_numbers(labels):
    nothing = labels.measure(np.full((256, 256, 3), 128, np.uint8))
    assert list(nothing) == list(LABELS)
    assert all(math.isnan(value) for value in nothing.values())


def test_the_chip_frames_the_face(face):
    square = chip_square(face)
    left, right = (square.matrix(64)[:, :2] @ eye + square.matrix(64)[:, 2] for eye in face.eyes())
    np.testing.assert_allclose([left[1], right[1]], [19, 19], atol=3)  # level, at the height that dlib puts eyes
    assert left[0] == pytest.approx(64 - right[0], abs=4)


def test_masks_tell_face_hair_and_wall_apart(labels, face):
    oval, person, hair = face_oval_mask(face, 256), matte(CROP, labels.matte), hair_mask(CROP, labels.matte, face)
    for mask in (oval, person, hair):
        assert mask.shape == (256, 256)
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1
    nose = tuple(face.points[1, [1, 0]].astype(int))
    above, wall = (25, 130), (40, 8)
    assert [mask[nose] > 0.9 for mask in (oval, person, hair)] == [True, True, False]
    assert [mask[above] > 0.9 for mask in (oval, person, hair)] == [False, True, True]
    assert [mask[wall] > 0.1 for mask in (oval, person, hair)] == [False, False, False]


def test_the_oval_reaches_a_quarter_further_up_the_forehead(face):
    short, long = (np.flatnonzero(face_oval_mask(face, 256, forehead).any(axis=1)) for forehead in (0.0, 0.25))
    assert long[-1] == short[-1]  # the chin stays
    assert short[0] - long[0] == pytest.approx(0.25 * (short[-1] - short[0]), abs=4)
