"""The edit in the photo: what did not change keeps its pixels, what moved is the photo's own, what is new is there."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import photo_files
import pytest
from anycost_backend.editing.composite.groundwork import groundwork
from anycost_backend.editing.composite.placing import apply
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import AROUND, QUICK, PhotoView, View
from anycost_backend.editing.faces import FaceFinder
from anycost_backend.photo.photo import open_photo
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import LEFT_EYE, RIGHT_EYE
from anycost_models.face.masks import face_oval_mask
from anycost_models.parsing.parser import PhotoParser
from anycost_models.parsing.parts import Parts
from composite_views import HEAD, SIZE, X, Y, in_pixels, in_square, moved, parts_where, placed, put_back, seen, spots


@pytest.fixture(scope="module")
def finder():
    return FaceFinder.load()


@pytest.fixture(scope="module")
def parser():
    return PhotoParser()


@pytest.fixture(scope="module")
def square(finder) -> AlignedSquare:
    return finder.find(HEAD)[0].square


@pytest.fixture(scope="module")
def view(finder, parser, square) -> PhotoView:
    return seen(HEAD, square, finder.mesh, parser)


@pytest.fixture(scope="module")
def around(finder, parser, square) -> PhotoView:
    """Her with what is beyond the square, as for edits of the head."""
    return seen(HEAD, square, finder.mesh, parser, reach=AROUND)


@pytest.fixture(scope="module")
def other(finder, parser, square) -> View:
    """A projection that is not quite her: softer, darker, and a few pixels off."""
    softer = cv2.GaussianBlur(HEAD, (0, 0), 1.5) * np.float32(0.9)
    (x, y), (a, b) = square.centre, square.axis
    return seen(softer.astype(np.uint8), AlignedSquare((x + 4, y - 3), (a * 1.03, b)), finder.mesh, parser)


def spectacles(view: View, ink: float = 0.05) -> tuple[View, np.ndarray]:
    """The image with rims drawn around its eyes, and where they are [S, S]."""
    with_rims, where = view.image.copy(), np.zeros(view.image.shape[:2], np.uint8)
    for eye in (LEFT_EYE, RIGHT_EYE):
        x, y = in_pixels(view).points[list(eye), :2].mean(axis=0).round().astype(int).tolist()
        cv2.circle(where, (x, y), SIZE // 9, 1, SIZE // 36)
    with_rims[where > 0] = ink
    return replace(view, image=with_rims), where > 0


def test_without_a_difference_the_photo_comes_back(view, other, square):
    """However far the projection is from the photo: only what the edit changed counts."""
    change = plan(view, other, other)
    assert np.abs(change.added).max() < 1e-6
    assert change.original_weight.min() == 1
    after, mask, before = put_back(change, square, HEAD)
    assert mask.max() > 0.999
    assert np.abs(after - before).max() < 1e-4


@pytest.mark.parametrize("region", ["eyes", "face", "head"])
def test_what_is_found_of_the_photo_beforehand_changes_nothing(view, around, other, region):
    photo = around if region == "head" else view
    ground = groundwork(photo, region, QUICK)
    for edited in (spectacles(other)[0], other):
        change, again = plan(photo, other, edited, region, QUICK), plan(photo, other, edited, region, QUICK, ground)
        for name in ("source", "original_weight", "added", "mask"):
            assert np.array_equal(getattr(change, name), getattr(again, name))


@pytest.mark.parametrize("region", ["eyes", "face", "head"])
def test_the_squares_border_is_never_touched(view, other, region):
    turned = replace(other, landmarks=other.landmarks.moved(np.array([[1, 0, 0.12], [0, 1, 0.04]])))
    mask = plan(view, view, turned, region).mask
    for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
        assert (side == 0).all()


def test_around_the_eyes_is_neither_fringe_nor_mouth(view, other):
    mask = plan(view, view, other, "eyes").mask
    points = in_pixels(view).points[:, :2] * (len(mask) / SIZE)
    forehead, mouth, *eyes = (mask[y, x] for x, y in points[[10, 14, 159, 386]].round().astype(int).tolist())
    assert min(eyes) > 0.99
    assert max(forehead, mouth) < 0.02


def test_glasses_leave_the_ears_alone(view):
    """In the drawing with glasses, the head may be narrower: its background must not replace an ear."""
    left = int(in_pixels(view).points[:, 0].min()) + 4
    narrow = parts_where(view, background=left > X)
    mask = plan(view, view, replace(view, parts=narrow), "eyes").mask
    assert plan(view, view, view, "eyes").mask[:, :left].max() > 0.9
    assert mask[:, :left].max() < 0.1
    assert mask[:, left + 20 :].max() > 0.99


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_outside_the_mask_every_bit_is_kept(tmp_path: Path, view, square, depth):
    picture = photo_files.sixteen(HEAD) if depth == "uint16" else HEAD
    photo = open_photo(photo_files.vips_file(tmp_path / "photo.png", picture))
    assert photo.pixels.dtype == depth
    edited, _ = spectacles(view)
    x0, y0, x1, y1 = bounds = square.bounds(HEAD.shape, margin=2)
    after, mask = apply(plan(view, view, edited), square, photo.region_srgb(x0, y0, x1 - x0, y1 - y0), bounds)
    changed = photo.with_region(x0, y0, photo.from_srgb(after), mask)
    outside = np.ones(HEAD.shape[:2], bool)
    outside[y0:y1, x0:x1] = mask == 0
    assert 0.3 < outside.mean() < 0.9
    assert np.array_equal(changed.pixels[outside], photo.pixels[outside])
    assert (changed.pixels[~outside] != photo.pixels[~outside]).any()


@pytest.mark.parametrize("shaded", [0.0, 0.08], ids=["no difference", "lighter"])
def test_a_large_face_keeps_its_own_detail(finder, parser, square, shaded):
    """Enlarged 6 times, with grain that no 256 px square can hold."""
    grain = np.random.default_rng(0).normal(0, 5, (1536, 1536, 3))
    large = np.clip(cv2.resize(HEAD, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC) + grain, 0, 255).astype(np.uint8)
    (x, y), (a, b) = square.centre, square.axis
    place = AlignedSquare((6 * x, 6 * y), (6 * a, 6 * b))
    original = seen(large, place, finder.mesh, parser, 1024)
    lighter = replace(original, image=original.image + np.float32(shaded))
    after, mask, before = put_back(plan(original, original, lighter), place, large)
    inside = (mask > 0.999) & (before.max(axis=2) < 0.8) & (before.min(axis=2) > 0.1)  # where nothing is clipped
    assert inside.mean() > 0.05

    def fine(picture):
        return (picture - cv2.GaussianBlur(picture, (0, 0), 2))[inside]

    assert fine(after).var() > 0.99 * fine(before).var()
    assert np.corrcoef(fine(after).ravel(), fine(before).ravel())[0, 1] > 0.99
    assert (after - before)[inside].mean() == pytest.approx(shaded, abs=0.01)


def test_what_appears_is_drawn(view, square):
    edited, rims = spectacles(view)
    after, mask, before = put_back(plan(view, view, edited), square, HEAD)
    in_photo = placed(rims, square, mask.shape)
    assert before[in_photo].mean() > 0.35
    assert after[in_photo].mean() < 0.12
    cheeks = placed(spots(view, 205, 425), square, mask.shape)
    assert np.abs(after - before)[cheeks].max() < 0.03


def test_what_vanishes_is_gone(view, square):
    """The photo and its projection have the rims, the edit has not."""
    with_rims, rims = spectacles(view)
    change = plan(with_rims, with_rims, view)
    bounds = square.bounds(HEAD.shape, margin=2)
    photo = square.uncrop(with_rims.image, bounds)
    after, mask = apply(change, square, photo, bounds)
    bare = square.uncrop(view.image, bounds)
    in_photo = placed(rims, square, mask.shape)
    assert np.abs(photo - bare)[in_photo].mean() > 0.3
    assert np.abs(after - bare)[in_photo].mean() < 0.04


def test_rims_that_the_projection_lacks_go_when_glasses_are_taken_off(view, square):
    with_rims, rims = spectacles(view)
    near = cv2.dilate(rims.astype(np.uint8), None, iterations=2)
    wearing = replace(with_rims, glasses=True, parts=parts_where(view, glasses=near))
    bounds = square.bounds(HEAD.shape, margin=2)
    photo, bare = (square.uncrop(each.image, bounds) for each in (wearing, view))

    def left(taken_off: float) -> float:
        change = plan(wearing, view, view, "eyes", worn=False, taken_off=taken_off)
        after, mask = apply(change, square, photo, bounds)
        return float(np.abs(after - bare)[placed(rims, square, mask.shape)].mean())

    assert left(0.0) > 0.5
    assert 0.2 < left(0.5) < 0.45
    assert left(1.0) < 0.04


def test_what_the_photo_does_not_show_can_neither_go_nor_move(view, square):
    """A nostril that the projection of a turned head has on her cheek."""

    def with_spot(point: int) -> View:
        image = view.image.copy()
        image[spots(view, point, radius=4)] = 0.05
        return replace(view, image=image)

    for edited in (with_spot(50), view):
        after, mask, before = put_back(plan(view, with_spot(205), edited), square, HEAD)
        gone = placed(spots(view, 205, radius=9), square, mask.shape)
        assert np.abs(after - before)[gone].max() < 0.06


def test_what_appears_has_the_photos_colours(view, square):
    """The projection is darker than the photo all over; what it adds is made as light as the photo."""
    darker = replace(view, image=view.image * np.float32(0.85))
    edited, rims = spectacles(darker, ink=0.85)
    after, mask, _ = put_back(plan(view, darker, edited), square, HEAD)
    assert after[placed(rims, square, mask.shape)].mean() > 0.87


def test_the_photos_own_pixels_follow_the_motion(view, other, square):
    """The edit moves the mouth by 8 pixels; projection and photo differ throughout."""

    def shift(x, y):
        return 8 * np.exp(-(((x - 128) / 35) ** 2) - ((y - 195) / 25) ** 2)

    after, mask, before = put_back(plan(view, other, moved(other, shift)), square, HEAD)
    bounds = square.bounds(HEAD.shape, margin=2)
    expected, pasted = (square.uncrop(moved(shown, shift).image, bounds) for shown in (view, other))
    mouth = placed(shift(X, Y) > 3, square, mask.shape)
    error = np.abs(after - expected)[mouth].mean()
    assert error < 0.35 * np.abs(before - expected)[mouth].mean()
    assert error < 0.35 * np.abs(pasted - expected)[mouth].mean()


def test_the_head_stays_where_it_is(view, square):
    """A generator that draws a smile may move the whole head a little: that is no part of the edit."""
    after, mask, before = put_back(plan(view, view, moved(view, lambda x, y: 0 * x + 12)), square, HEAD)
    inside = placed(face_oval_mask(in_pixels(view), SIZE, 0) > 0.5, square, mask.shape)
    assert np.abs(after - before)[inside].mean() < 0.01
    assert np.abs(np.roll(before, 8, axis=1) - before)[inside].mean() > 0.03  # what following would do


def test_the_head_is_more_than_the_face(view):
    face, head = (plan(view, view, view, region).mask for region in ("face", "head"))
    assert (head >= face - 1e-3)[face > 0.5].all()
    assert head.mean() > 1.3 * face.mean()
    points = in_pixels(view).points[:, :2]
    nose, chin, forehead = (points[i].round().astype(int) for i in (1, 152, 10))
    hair = forehead[0], int(forehead[1] - 0.32 * (chin[1] - forehead[1]))  # above the forehead
    for mask in (face, head):
        assert mask[nose[1], nose[0]] > 0.999
        assert mask[8, 8] == 0
    assert face[hair[1], hair[0]] == 0
    assert head[hair[1], hair[0]] > 0.9


@pytest.mark.parametrize("region", ["face", "head"])
def test_a_fringe_changes_with_the_head_and_not_with_the_face(view, region):
    """Hers covers half of her forehead. The generator darkens it when she stops smiling."""
    points = in_pixels(view).points[:, :2].round().astype(int)
    x, top, brow = points[10, 0], points[10, 1], points[9, 1]
    darker = replace(view, image=view.image * np.float32(0.8))
    mask = plan(view, view, darker, region).mask
    covered = mask[top : top + 8, x - 24 : x + 24].mean()
    assert covered > 0.99 if region == "head" else covered < 0.1
    assert mask[brow, x] > 0.9  # the skin between the brows


def test_a_fringe_that_goes_leaves_no_tips(view, square):
    """The projection's ends a little higher than hers."""
    points = in_pixels(view).points[:, :2].round().astype(int)
    skin, forehead = view.image[points[50, 1], points[50, 0]], np.abs(X - points[10, 0]) < 30
    hair = (view.parts["hair"] > 0.3) & (points[9, 1] - 4 > Y)
    end = hair & (Y[hair & forehead].max() - 12 < Y)

    def without(where: np.ndarray) -> View:
        image = np.where(where[:, :, None], skin, view.image).astype(np.float32)
        return replace(view, image=image, parts=parts_where(view, skin=where))

    change = plan(view, without(end), without(hair), "head")
    after, mask, before = put_back(change, square, HEAD)
    there = placed(end & forehead, square, mask.shape)
    assert np.abs(after - skin)[there].mean() < 0.3 * np.abs(before - skin)[there].mean()


def test_the_background_stays_the_photos_own(around, view):
    """What the generator changes behind the person is no part of an edit."""
    far = cv2.dilate(view.parts.person, np.ones((41, 41), np.uint8))[:, :, None] < 0.1
    redecorated = np.where(far, np.float32(1) - view.image, view.image)
    change = plan(around, view, replace(view, image=redecorated), "head")
    assert far.mean() > 0.05
    assert np.abs(in_square(change.added)[far[:, :, 0]]).max() < 0.01


MAGENTA = np.array([1.0, 0.0, 1.0], np.float32)


def test_what_a_head_frees_is_the_photos_own_background(around, view, square):
    """The generator's would be magenta. Nothing is left of her hair, to its last strands."""
    behind = view.parts["background"] > 0.5
    hair = view.parts["hair"] > 0.5
    bald = parts_where(view, background=hair)
    image = np.where((hair | behind)[:, :, None], MAGENTA, view.image)
    after, mask, before = put_back(
        plan(around, view, replace(view, image=image, parts=bald), "head"), square, HEAD, AROUND
    )
    wall, gone = (placed(where, square, mask.shape, AROUND) for where in (behind, hair & (X < 100)))
    assert np.abs(after - before)[gone].mean() > 0.2
    assert np.linalg.norm(after[gone].mean(axis=0) - before[wall].mean(axis=0)) < 0.1
    assert np.linalg.norm(after[gone] - MAGENTA, axis=1).min() > 0.3


def test_hair_that_grows_lies_before_the_background(around, view, square):
    """Dark in the drawing, it is dark in the photo; where it ends, the photo's pixels begin, with nothing between."""
    strand = (np.abs(X - 30) < 8) & (np.abs(Y - 165) < 16)
    assert (view.parts["background"] > 0.9)[strand].mean() > 0.9
    drawn = np.where(strand[:, :, None], np.float32(0.1), view.image)
    grown = replace(view, image=drawn, parts=parts_where(view, hair=strand))
    after, mask, before = put_back(plan(around, view, grown, "head"), square, HEAD, AROUND)
    inside = cv2.erode(strand.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert after[placed(inside, square, mask.shape, AROUND)].mean() < 0.25
    beside = cv2.dilate(strand.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    beside &= (cv2.dilate(strand.astype(np.uint8), np.ones((21, 21), np.uint8)) == 0) & (X < 40) & (Y > 155)
    assert np.abs(after - before)[placed(beside, square, mask.shape, AROUND)].max() < 0.05


def test_a_hat_is_nobodys_hair(around, view, square):
    """The generator draws lighter hair where she wears a hat."""
    hat = (view.parts["hair"] > 0.5) & (in_pixels(view).points[10, 1] - 30 > Y)
    wears = replace(around, parts=covered_around(around, hat))
    lighter = replace(view, image=np.where((view.parts["hair"] > 0.5)[:, :, None], np.float32(0.9), view.image))
    edits = [put_back(plan(photo, view, lighter, "head"), square, HEAD, AROUND) for photo in (around, wears)]
    middle = placed(cv2.erode(hat.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0, square, edits[0][1].shape, AROUND)
    bare, covered = (np.abs(after - before)[middle].mean() for after, _, before in edits)
    assert bare > 0.2
    assert covered < 0.02


def test_clothes_stay_the_photos_own(around, view):
    clothes = view.parts["clothes"] > 0.9
    dyed = replace(view, image=np.where(clothes[:, :, None], MAGENTA, view.image))
    change = plan(around, view, dyed, "head")
    sure = cv2.erode(clothes.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    assert sure.sum() > 200
    assert in_square(change.mask)[sure].max() < 0.02


def test_a_grey_person_before_a_coloured_wall(finder, parser, square):
    """As in a photo that was coloured by hand: what is drawn of her is grey, and the wall keeps its green."""
    plain = seen(HEAD, square, finder.mesh, parser)
    x0, y0, x1, y1 = square.bounds(HEAD.shape)
    person = np.zeros(HEAD.shape[:2], np.float32)
    person[y0:y1, x0:x1] = square.uncrop(plain.parts.person, (x0, y0, x1, y1))
    grey = cv2.cvtColor(cv2.cvtColor(HEAD, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    image = np.where(person[:, :, None] > 0.3, grey, (HEAD * (0.5, 0.9, 0.6))).astype(np.uint8)
    photo = seen(image, square, finder.mesh, parser, reach=AROUND)
    assert photo.curve is not None
    red = replace(plain, image=np.clip(plain.image * (1.2, 0.9, 0.7), 0, 1).astype(np.float32))
    after, _, before = put_back(plan(photo, plain, red, "head"), square, image, AROUND)
    changed = np.abs(after - before).max(axis=2) > 0.02
    assert changed.mean() > 0.05
    colourful = (after.max(axis=2) - after.min(axis=2))[changed & (person_of(person, square) > 0.9)]
    assert np.percentile(colourful, 95) < 0.03
    wall = cv2.dilate(person_of(person, square), np.ones((15, 15), np.uint8)) < 0.05
    assert np.abs(after - before)[wall].max() < 0.02


def person_of(person: np.ndarray, square: AlignedSquare) -> np.ndarray:
    x0, y0, x1, y1 = square.scaled(AROUND).bounds(HEAD.shape, margin=2)
    return person[y0:y1, x0:x1]


def covered_around(around: PhotoView, hat: np.ndarray) -> Parts:
    """Her parts with a hat [SIZE, SIZE] on her."""
    margin = (len(around.image) - SIZE) // 2
    return parts_where(around, head_covering=np.pad(hat, margin))


def test_the_mask_covers_the_face_before_and_after(view):
    """A jaw grows wide, or narrow: what it covered and what it will cover may both change."""

    def jaw(much):
        return moved(view, lambda x, y: much * (x - 128) * np.clip((y - 160) / 30, 0, 1))

    still, wide, narrow = (plan(view, view, edited).mask for edited in (view, jaw(0.25), jaw(-0.25)))
    assert (wide >= still - 0.02).all()
    assert (narrow >= still - 0.02).all()
    end = np.flatnonzero(still[200] > 0.5)[-1]
    assert wide[200, end + 8] > 0.7
    assert still[200, end + 8] < 0.2


@pytest.mark.parametrize("cut", ["left", "top", "right", "bottom"])
def test_a_face_that_touches_the_pictures_border(finder, parser, cut):
    """No seam along the border, nothing of beyond it, and the edit reaches up to it."""
    rows, columns = {
        "left": (slice(0, 256), slice(96, 256)),
        "right": (slice(0, 256), slice(0, 156)),
        "top": (slice(85, 256), slice(0, 256)),
        "bottom": (slice(0, 160), slice(0, 256)),
    }[cut]
    image = np.ascontiguousarray(HEAD[rows, columns])
    (face,) = finder.find(image)
    x0, y0, x1, y1 = face.square.bounds(image.shape)
    assert {"left": x0 == 0, "top": y0 == 0, "right": x1 == image.shape[1], "bottom": y1 == image.shape[0]}[cut]
    view = seen(image, face.square, finder.mesh, parser, reach=AROUND)
    drawn = seen(image, face.square, finder.mesh, parser)
    after, mask, before = put_back(plan(view, drawn, drawn, "head"), face.square, image, AROUND)
    assert np.abs(after - before).max() < 1e-4
    edge = {"left": mask[:, 0], "top": mask[0], "right": mask[:, -1], "bottom": mask[-1]}[cut]
    assert edge.max() > 0.5
    lighter = replace(drawn, image=drawn.image + np.float32(0.1))
    after, mask, before = put_back(plan(view, drawn, lighter, "head"), face.square, image, AROUND)
    wide = face.square.scaled(AROUND)
    middle = np.pad(np.ones((200, 200), np.float32), (352 - 200) // 2)  # the generator draws nothing beyond the square
    inside = wide.uncrop(middle, wide.bounds(image.shape, margin=2)) > 0.99
    unclipped = (mask > 0.999) & (before.max(axis=2) < 0.85) & inside
    assert np.abs(after - before - 0.1)[unclipped].max() < 0.02
