"""What a drawing shows and the photo keeps: what is beside its region, hair that should not go, another head."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import AROUND, PhotoView
from anycost_backend.editing.edit_rules import hair_change
from anycost_backend.editing.faces import FaceFinder
from anycost_models.face.landmarks import FACE_OVAL
from anycost_models.parsing.parser import PhotoParser
from composite_views import HEAD, SIZE, X, Y, in_pixels, in_square, parts_where, placed, put_back, seen, spots

DARK = np.float32(0.1)


@pytest.fixture(scope="module")
def square():
    return FaceFinder.load().find(HEAD)[0].square


@pytest.fixture(scope="module")
def view(square) -> PhotoView:
    return seen(HEAD, square, FaceFinder.load().mesh, PhotoParser())


@pytest.fixture(scope="module")
def around(square) -> PhotoView:
    return seen(HEAD, square, FaceFinder.load().mesh, PhotoParser(), reach=AROUND)


@pytest.mark.parametrize(("region", "lips"), [("beard", False), ("jaw", True)])
def test_a_beard_leaves_lips_and_what_is_above_the_nose(view, square, region, lips):
    """The generator shades them with it."""
    darker = replace(view, image=view.image * np.float32(0.8))
    after, mask, before = put_back(plan(view, view, darker, region), square, HEAD)
    for points, moves in (((152, 18, 164), True), ((151, 9, 6, 117), False), ((15, 13), lips)):
        there = placed(spots(view, *points, radius=3), square, mask.shape)
        moved = np.abs(after - before)[there].mean() / before[there].mean()
        assert moved > 0.1 if moves else moved < 0.05


@pytest.mark.parametrize("region", ["beard", "lipless"])
def test_a_shut_mouth_stays_shut(view, square, region):
    """The generator's children show their teeth, and its men other lips."""
    teeth = spots(view, 13, 14, radius=10)
    points = view.landmarks.points.copy()
    points[[14, 87, 317, 178, 402]] += (0, 0.02, 0)
    open_mouth = replace(
        view,
        image=np.where(teeth[:, :, None], np.float32(0.95), view.image),
        landmarks=replace(view.landmarks, points=points),
    )

    def change(region: str) -> float:
        after, mask, before = put_back(plan(view, view, open_mouth, region), square, HEAD)
        mouth = placed(spots(view, 13, 14, radius=6), square, mask.shape)
        return float(np.abs(after - before)[mouth].mean())

    assert change(region) < 0.1 * change("face")


@pytest.mark.parametrize(("region", "still"), [("eyes", 152), ("jaw", 10)])
def test_only_points_of_the_region_move(view, region, still):
    """The mesh of a drawing trembles everywhere. Beside the region, nothing moves with it."""
    points = view.landmarks.points.copy()
    points[:, 1] += 0.02 * np.sin(9 * points[:, 0])  # no shift or turn of the head, which would be taken back
    shaken = replace(view, landmarks=replace(view.landmarks, points=points))

    def motion(region: str) -> np.ndarray:
        change = plan(view, view, shaken, region)
        found = change.source - plan(view, view, view, region).source
        return np.hypot(*cv2.split(cv2.resize(found, (SIZE, SIZE))))

    x, y = in_pixels(view).points[still, :2].round().astype(int)
    assert motion(region)[y - 4 : y + 4, x].max() < 0.2 * motion("face")[y - 4 : y + 4, x].max()
    inside = in_pixels(view).points[33 if region == "eyes" else 61, :2].round().astype(int)
    assert motion(region)[inside[1], inside[0]] > 0.5 * motion("face")[inside[1], inside[0]]


@pytest.mark.parametrize(("region", "point"), [("eyes", 9), ("jaw", 18), ("face", 9)])
def test_edits_within_the_face_grow_no_hair(view, square, region, point):
    """The generator opens eyes under another fringe."""
    spot = spots(view, point, radius=8)
    dark = replace(view, image=np.where(spot[:, :, None], DARK, view.image))
    moved = []
    for drawn in (dark, replace(dark, parts=parts_where(view, hair=spot))):
        after, mask, before = put_back(plan(view, view, drawn, region), square, HEAD)
        inside = placed(cv2.erode(spot.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0, square, mask.shape)
        moved.append(np.abs(after - before)[inside].mean())
    assert moved[0] > 0.1
    assert moved[1] < 0.02


def test_longer_hair_takes_none_away(around, view, square):
    """The drawing is bald on the left: of a photo whose hair shall grow, that is not taken over."""
    hair = (view.parts["hair"] > 0.5) & (X < 100)
    behind = in_square(around.background)[:, :, :3] if around.background is not None else view.image
    image = np.where(hair[:, :, None], cv2.resize(behind, (SIZE, SIZE)), view.image).astype(np.float32)
    bald = replace(view, image=image, parts=parts_where(view, background=hair))
    moved = []
    for hair_may in ("any", "grows"):
        after, mask, before = put_back(plan(around, view, bald, "hair", hair=hair_may), square, HEAD, AROUND)
        inside = placed(cv2.erode(hair.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0, square, mask.shape, AROUND)
        moved.append(np.abs(after - before)[inside].mean())
    assert moved[0] > 0.1
    assert moved[1] < 0.01


def test_shorter_hair_grows_none(around, view, square):
    strand = (np.abs(X - 30) < 8) & (np.abs(Y - 165) < 16)
    drawn = np.where(strand[:, :, None], DARK, view.image)
    hairy = replace(view, image=drawn, parts=parts_where(view, hair=strand))
    moved = []
    for hair_may in ("any", "goes", "stays"):
        after, mask, before = put_back(plan(around, view, hairy, "hair", hair=hair_may), square, HEAD, AROUND)
        moved.append(np.abs(after - before)[placed(strand, square, mask.shape, AROUND)].mean())
    assert moved[0] > 0.1
    assert max(moved[1:]) < 0.01


def test_hair_that_only_hangs_on_keeps_the_photos_strands(around, view, square):
    """Redrawn in another colour, the hair stays hers but for its ends."""
    hair = view.parts["hair"] > 0.8
    red = np.where(hair[:, :, None], np.array([0.9, 0.1, 0.1], np.float32), view.image)
    moved = []
    for hair_may in ("grows", "hangs"):
        change = plan(around, view, replace(view, image=red), "hair", hair=hair_may)
        after, mask, before = put_back(change, square, HEAD, AROUND)
        inside = placed(cv2.erode(hair.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0, square, mask.shape, AROUND)
        moved.append(np.abs(after - before)[inside].mean())
    assert moved[0] > 0.1
    assert moved[1] < 0.01


def test_a_face_drawn_beside_the_photos_is_not_taken(around, view, square):
    """Of a head in profile the generator draws a cheek where the photo shows the wall; its hair says nothing then."""
    left = in_pixels(view).points[list(FACE_OVAL), 0].min()
    wall = view.parts["background"] > 0.9
    cheek = wall & (np.hypot(X - 20, Y - 150) < 26)
    strand = wall & (left > X) & (np.abs(Y - 60) < 12)
    assert cheek.sum() > 900
    assert strand.sum() > 100
    parts = parts_where(view, skin=cheek)
    image = np.where(cheek[:, :, None], np.float32(0.7), view.image)
    projected = replace(view, image=image, parts=parts)
    longer = replace(projected, image=np.where((cheek | strand)[:, :, None], DARK, image))
    longer = replace(longer, parts=parts_where(longer, hair=strand))
    after, mask, before = put_back(plan(around, projected, longer, "hair"), square, HEAD, AROUND)
    for where in (cheek, strand):
        assert np.abs(after - before)[placed(where, square, mask.shape, AROUND)].max() < 0.02


@pytest.mark.parametrize(
    ("strengths", "change"),
    [
        ({"hair_length": 1}, "hangs"),
        ({"hair_length": 1, "fringe": 0.2}, "grows"),
        ({"hair_length": -0.5, "fringe": -1, "hair_curl": -1}, "goes"),
        ({"hair_curl": -1}, "stays"),
        ({"hair_length": 1, "fringe": -1}, "any"),
        ({"hair_length": 1, "hair_volume": 0.5}, "any"),
        ({"hair_length": 1, "hair_volume": 0.0}, "hangs"),
        ({}, "any"),
    ],
)
def test_hair_may_do_what_all_that_moves_makes_it_do(strengths, change):
    assert hair_change(strengths) == change
