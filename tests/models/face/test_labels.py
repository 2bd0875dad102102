"""What is measured on a real face is what one sees, and follows what is done to the picture."""

import math

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_models.face import hair_labels
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.labels import LABELS, FaceLabels, chip_square
from anycost_models.face.masks import face_oval_mask, hair_of_matte, matte

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
    hair = hair_of_matte(matte(CROP, labels.matte), face)[..., None]
    bleached = (CROP + 0.5 * hair * (255 - CROP.astype(np.float32))).astype(np.uint8)
    assert labels.measure(bleached)["hair_lightness"] > measured["hair_lightness"] + 15
    warm = (CROP * np.array([1.0, 0.97, 0.8])).astype(np.uint8)
    assert labels.measure(warm)["skin_warmth"] > measured["skin_warmth"] + 5


def test_hair_colours_are_told_apart(labels, measured, face):
    hair = hair_of_matte(matte(CROP, labels.matte), face)[..., None]

    def dyed(*colour):
        return labels.measure((CROP * (1 - 0.7 * hair) + 0.7 * hair * np.array(colour)).astype(np.uint8))

    red, grey, blond = dyed(150, 50, 30), dyed(150, 150, 150), dyed(220, 180, 90)
    assert red["hair_red"] > max(measured["hair_red"], grey["hair_red"], blond["hair_red"]) + 5
    assert grey["hair_grey"] > max(measured["hair_grey"], red["hair_grey"], blond["hair_grey"]) + 15
    assert blond["hair_blond"] > max(measured["hair_blond"], red["hair_blond"], grey["hair_blond"]) + 5


def painted(polygons, face, *factors):
    """The astronaut with mesh polygons multiplied by a colour."""
    paint = np.zeros((256, 256), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(paint, [face.points[list(polygon), :2].round().astype(np.int32)], 1)
    return np.where(paint[..., None] > 0, (CROP * np.array(factors)).clip(0, 255).astype(np.uint8), CROP)


@pytest.mark.parametrize(
    ("name", "polygons", "factors", "rise"),
    [
        ("blush", [(123, 50, 36, 205, 187, 147), (352, 280, 266, 425, 411, 376)], (1.1, 0.85, 0.85), 4),
        ("brow_boldness", [(70, 63, 105, 66, 107, 55, 65, 52, 53, 46)], (0.4, 0.4, 0.4), 5),
        ("moustache", [(165, 167, 164, 393, 391, 322, 270, 269, 267, 0, 37, 39, 40, 92)], (0.4, 0.35, 0.3), 15),
        ("eye_makeup", [(33, 246, 160, 158, 133, 190, 56, 27, 30, 247)], (0.5, 0.5, 0.6), 4),
    ],
)
def test_what_is_painted_is_seen(labels, measured, face, name, polygons, factors, rise):
    assert labels.measure(painted(polygons, face, *factors))[name] > measured[name] + rise


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


def test_hair_over_the_forehead_is_a_fringe(labels, measured, face):
    forehead = (face_oval_mask(face, 256) > 0.5) & (np.arange(256) < face.points[9, 1])[:, None]
    covered = np.where(forehead[..., None], (CROP * np.array([0.35, 0.25, 0.2])).astype(np.uint8), CROP)
    assert labels.measure(covered)["fringe"] > measured["fringe"] + 0.2


def test_light_from_a_side_and_from_above_is_seen(labels, measured):
    across = np.linspace(0.6, 1.2, 256)
    right = (CROP * across[None, :, None]).clip(0, 255).astype(np.uint8)
    above = (CROP * across[::-1, None, None]).clip(0, 255).astype(np.uint8)
    assert labels.measure(right)["light_side"] > measured["light_side"] + 6
    assert labels.measure(above)["light_above"] > measured["light_above"] + 4


def test_a_widened_face_is_wider_and_a_blurred_skin_smoother(labels, measured):
    wide = cv2.resize(CROP, (300, 256))[:, 22:278]
    assert labels.measure(np.ascontiguousarray(wide))["face_width"] > measured["face_width"] + 0.08
    assert labels.measure(cv2.GaussianBlur(CROP, (0, 0), 2))["skin_smoothness"] > measured["skin_smoothness"] + 0.2


def test_strands_that_lie_side_by_side_are_straight(labels, face):
    light = np.full((256, 256), 40, np.float32)
    everywhere = np.ones((256, 256), bool)
    combed = light + 10 * np.sin(np.arange(256) / 1.5).astype(np.float32)
    curled = light + cv2.GaussianBlur(np.random.default_rng(0).normal(0, 30, (256, 256)).astype(np.float32), (0, 0), 2)
    assert hair_labels.curl(combed, everywhere) < 0.1
    assert hair_labels.curl(curled, everywhere) > 0.5


def test_a_mirrored_face_turns_the_other_way(labels, measured):
    mirrored = labels.measure(np.ascontiguousarray(CROP[:, ::-1]))
    assert mirrored["yaw"] == pytest.approx(-measured["yaw"], abs=3)
    assert mirrored["smile"] == pytest.approx(measured["smile"], abs=0.05)
    assert mirrored["age"] == pytest.approx(measured["age"], abs=6)
    assert mirrored["light_side"] == pytest.approx(-measured["light_side"], abs=3)
    assert mirrored["gaze_side"] == pytest.approx(-measured["gaze_side"], abs=0.03)


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
    oval, person = face_oval_mask(face, 256), matte(CROP, labels.matte)
    hair = hair_of_matte(person, face)
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
