"""The edit in the photo: what did not change keeps its pixels, what moved is the photo's own, what is new is there."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import photo_files
import pytest
import skimage.data
from anycost_backend.editing import composite
from anycost_backend.editing.composite import View
from anycost_backend.editing.faces import FaceFinder
from anycost_backend.photo.photo import open_photo
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import LEFT_EYE, RIGHT_EYE, FaceMesh, Landmarks
from anycost_models.face.masks import face_oval_mask, fringe_mask, matte
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import load

SIZE = 256  # pixels of the square in most tests
HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 100:356])  # her face is 173 px
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5


@pytest.fixture(scope="module")
def finder():
    return FaceFinder.load()


@pytest.fixture(scope="module")
def person():
    return load(path_of("selfie_matte"))


@pytest.fixture(scope="module")
def square(finder) -> AlignedSquare:
    return finder.find(HEAD)[0].square


@pytest.fixture(scope="module")
def view(finder, person, square) -> View:
    return seen(HEAD, square, finder.mesh, person)


@pytest.fixture(scope="module")
def other(finder, person) -> View:
    """A projection that is not quite her: softer, darker, and a few pixels off."""
    softer = cv2.GaussianBlur(HEAD, (0, 0), 1.5) * np.float32(0.9)
    square = finder.find(HEAD)[0].square
    (x, y), (a, b) = square.centre, square.axis
    return seen(softer.astype(np.uint8), AlignedSquare((x + 4, y - 3), (a * 1.03, b)), finder.mesh, person)


def seen(image: np.ndarray, square: AlignedSquare, mesh: FaceMesh, network, size: int = SIZE) -> View:
    crop = square.crop(image, size)
    return View(crop.astype(np.float32) / 255, mesh.landmarks_aligned(crop), matte(crop, network))


def put_back(change, square, image):
    """The change in an uint8 photo: the rectangle with it, its mask, and the photo's own pixels there; float 0…1."""
    x0, y0, x1, y1 = bounds = square.bounds(image.shape, margin=2)
    before = image[y0:y1, x0:x1].astype(np.float32) / 255
    after, mask = composite.apply(change, square, before, bounds)
    assert after.shape == before.shape
    assert mask.shape == before.shape[:2]
    assert 0 <= mask.min() <= mask.max() <= 1 + 1e-6
    return before + mask[:, :, None] * (after - before), mask, before


def spectacles(view: View, ink: float = 0.05) -> tuple[View, np.ndarray]:
    """The image with rims drawn around its eyes, and where they are [S, S]."""
    with_rims, where = view.image.copy(), np.zeros(view.image.shape[:2], np.uint8)
    for eye in (LEFT_EYE, RIGHT_EYE):
        x, y = view.landmarks.points[list(eye), :2].mean(axis=0).round().astype(int).tolist()
        cv2.circle(where, (x, y), SIZE // 9, 1, SIZE // 36)
    with_rims[where > 0] = ink
    return replace(view, image=with_rims), where > 0


def test_without_a_difference_the_photo_comes_back(view, other, square):
    """However far the projection is from the photo: only what the edit changed counts."""
    change = composite.plan(view, other, other)
    assert np.abs(change.added).max() < 1e-6
    assert change.original_weight.min() == 1
    after, mask, before = put_back(change, square, HEAD)
    assert mask.max() > 0.999
    assert np.abs(after - before).max() < 1e-4


@pytest.mark.parametrize("region", ["eyes", "face", "head"])
def test_the_squares_border_is_never_touched(view, other, region):
    turned = replace(other, landmarks=other.landmarks.moved(np.array([[1, 0, 30.0], [0, 1, 10.0]])))
    mask = composite.plan(view, view, turned, region).mask
    for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
        assert (side == 0).all()


def test_around_the_eyes_is_neither_fringe_nor_mouth(view, other):
    mask = composite.plan(view, view, other, "eyes").mask
    points = view.landmarks.points[:, :2] * (len(mask) / SIZE)
    forehead, mouth, *eyes = (mask[y, x] for x, y in points[[10, 14, 159, 386]].round().astype(int).tolist())
    assert min(eyes) > 0.99
    assert max(forehead, mouth) < 0.02


def test_glasses_leave_the_ears_alone(view):
    """In the drawing with glasses, the head may be narrower: its background must not replace an ear."""
    narrow = view.matte.copy()
    left = int(view.landmarks.points[:, 0].min()) + 4
    narrow[:, :left] = 0
    mask = composite.plan(view, view, replace(view, matte=narrow), "eyes").mask
    assert composite.plan(view, view, view, "eyes").mask[:, :left].max() > 0.9
    assert mask[:, :left].max() < 0.1
    assert mask[:, left + 20 :].max() > 0.99


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_outside_the_mask_every_bit_is_kept(tmp_path: Path, view, square, depth):
    picture = photo_files.sixteen(HEAD) if depth == "uint16" else HEAD
    photo = open_photo(photo_files.vips_file(tmp_path / "photo.png", picture))
    assert photo.pixels.dtype == depth
    edited, _ = spectacles(view)
    x0, y0, x1, y1 = bounds = square.bounds(HEAD.shape, margin=2)
    after, mask = composite.apply(
        composite.plan(view, view, edited), square, photo.region_srgb(x0, y0, x1 - x0, y1 - y0), bounds
    )
    changed = photo.with_region(x0, y0, photo.from_srgb(after), mask)
    outside = np.ones(HEAD.shape[:2], bool)
    outside[y0:y1, x0:x1] = mask == 0
    assert 0.3 < outside.mean() < 0.9
    assert np.array_equal(changed.pixels[outside], photo.pixels[outside])
    assert (changed.pixels[~outside] != photo.pixels[~outside]).any()


@pytest.mark.parametrize("shaded", [0.0, 0.08], ids=["no difference", "lighter"])
def test_a_large_face_keeps_its_own_detail(finder, person, square, shaded):
    """Enlarged 6 times, with grain that no 256 px square can hold."""
    grain = np.random.default_rng(0).normal(0, 5, (1536, 1536, 3))
    large = np.clip(cv2.resize(HEAD, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC) + grain, 0, 255).astype(np.uint8)
    (x, y), (a, b) = square.centre, square.axis
    place = AlignedSquare((6 * x, 6 * y), (6 * a, 6 * b))
    original = seen(large, place, finder.mesh, person, 1024)
    lighter = replace(original, image=original.image + np.float32(shaded))
    after, mask, before = put_back(composite.plan(original, original, lighter), place, large)
    inside = (mask > 0.999) & (before.max(axis=2) < 0.8) & (before.min(axis=2) > 0.1)  # where nothing is clipped
    assert inside.mean() > 0.05

    def fine(picture):
        return (picture - cv2.GaussianBlur(picture, (0, 0), 2))[inside]

    assert fine(after).var() > 0.99 * fine(before).var()
    assert np.corrcoef(fine(after).ravel(), fine(before).ravel())[0, 1] > 0.99
    assert (after - before)[inside].mean() == pytest.approx(shaded, abs=0.01)


def test_what_appears_is_drawn(view, square):
    edited, rims = spectacles(view)
    after, mask, before = put_back(composite.plan(view, view, edited), square, HEAD)
    in_photo = placed(rims, square, mask.shape)
    assert before[in_photo].mean() > 0.35
    assert after[in_photo].mean() < 0.12
    cheeks = placed(spots(view, 205, 425), square, mask.shape)
    assert np.abs(after - before)[cheeks].max() < 0.03


def test_what_vanishes_is_gone(view, square):
    """The photo and its projection have the rims, the edit has not."""
    with_rims, rims = spectacles(view)
    change = composite.plan(with_rims, with_rims, view)
    bounds = square.bounds(HEAD.shape, margin=2)
    photo = square.uncrop(with_rims.image, bounds)
    after, mask = composite.apply(change, square, photo, bounds)
    bare = square.uncrop(view.image, bounds)
    in_photo = placed(rims, square, mask.shape)
    assert np.abs(photo - bare)[in_photo].mean() > 0.3
    assert np.abs(after - bare)[in_photo].mean() < 0.04


def test_what_appears_has_the_photos_colours(view, square):
    """The projection is darker than the photo all over; what it adds is made as light as the photo."""
    darker = replace(view, image=view.image * np.float32(0.85))
    edited, rims = spectacles(darker, ink=0.85)
    after, mask, _ = put_back(composite.plan(view, darker, edited), square, HEAD)
    assert after[placed(rims, square, mask.shape)].mean() > 0.88


def moved(shown: View, shift) -> View:
    """Each place goes to the right by `shift(x, y)` pixels: image and landmarks."""
    points = shown.landmarks.points.copy()
    points[:, 0] += shift(points[:, 0], points[:, 1])
    picture = cv2.remap(
        shown.image, X - 0.5 - np.float32(shift(X, Y)), Y - 0.5, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return View(picture, Landmarks(points, 1.0), shown.matte)


def test_the_photos_own_pixels_follow_the_motion(view, other, square):
    """The edit moves the mouth by 8 pixels; projection and photo differ throughout."""

    def shift(x, y):
        return 8 * np.exp(-(((x - 128) / 35) ** 2) - ((y - 195) / 25) ** 2)

    after, mask, before = put_back(composite.plan(view, other, moved(other, shift)), square, HEAD)
    bounds = square.bounds(HEAD.shape, margin=2)
    expected, pasted = (square.uncrop(moved(shown, shift).image, bounds) for shown in (view, other))
    mouth = placed(shift(X, Y) > 3, square, mask.shape)
    error = np.abs(after - expected)[mouth].mean()
    assert error < 0.35 * np.abs(before - expected)[mouth].mean()
    assert error < 0.35 * np.abs(pasted - expected)[mouth].mean()


def test_the_head_stays_where_it_is(view, square):
    """A generator that draws a smile may move the whole head a little: that is no part of the edit."""
    after, mask, before = put_back(composite.plan(view, view, moved(view, lambda x, y: 0 * x + 12)), square, HEAD)
    inside = placed(face_oval_mask(view.landmarks, SIZE, 0) > 0.5, square, mask.shape)
    assert np.abs(after - before)[inside].mean() < 0.01
    assert np.abs(np.roll(before, 8, axis=1) - before)[inside].mean() > 0.03  # what following would do


def test_the_head_is_more_than_the_face(view):
    face, head = (composite.plan(view, view, view, region).mask for region in ("face", "head"))
    assert (head >= face - 1e-3).all()
    assert head.mean() > 1.3 * face.mean()
    points = view.landmarks.points[:, :2]
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
    points = view.landmarks.points[:, :2].round().astype(int)
    x, top, brow = points[10, 0], points[10, 1], points[9, 1]
    known = replace(view, fringe=fringe_mask(view.image, view.matte, view.landmarks))
    darker = replace(view, image=view.image * np.float32(0.8))
    mask = composite.plan(known, view, darker, region).mask
    covered = mask[top : top + 8, x - 24 : x + 24].mean()
    assert covered > 0.99 if region == "head" else covered < 0.1
    assert mask[brow, x] > 0.9  # the skin between the brows


def test_a_fringe_that_goes_leaves_no_tips(view, square):
    """The projection's ends a little higher than hers."""
    fringe = fringe_mask(view.image, view.matte, view.landmarks)
    points = view.landmarks.points[:, :2].round().astype(int)
    skin = view.image[points[50, 1], points[50, 0]]
    hair, lowest = fringe > 0.3, Y[(fringe > 0.9) & (np.abs(X - points[10, 0]) < 30)].max()
    end = hair & (lowest - 12 < Y)
    tips = end & (fringe > 0.9)

    def without(where: np.ndarray) -> View:
        return replace(view, image=np.where(where[:, :, None], skin, view.image).astype(np.float32))

    change = composite.plan(replace(view, fringe=fringe), without(end), without(hair), "head")
    after, mask, before = put_back(change, square, HEAD)
    there = placed(tips, square, mask.shape)
    assert np.abs(after - skin)[there].mean() < 0.3 * np.abs(before - skin)[there].mean()


def test_where_hair_looks_like_skin_there_is_no_fringe(view):
    assert fringe_mask(np.full_like(view.image, 0.6), view.matte, view.landmarks).max() == 0


def test_the_background_stays_the_photos_own(view):
    """What the generator changes behind the person is no part of an edit, unless the person goes from there."""
    far = cv2.dilate(view.matte, np.ones((31, 31), np.uint8))[:, :, None] < 0.1
    redecorated = np.where(far, np.float32(1) - view.image, view.image)
    still = composite.plan(view, view, replace(view, image=redecorated), "head")
    assert far.mean() > 0.1
    assert np.abs(still.added[far[:, :, 0]]).max() < 0.01
    gone = replace(view, image=np.full_like(view.image, 0.5), matte=np.zeros_like(view.matte))
    assert np.abs(composite.plan(view, view, gone, "head").added).max() > 0.2


def test_hair_hangs_and_shoulders_do_not(view):
    """Both lie beside the jaw, in the person's matte: a shoulder, unlike hair, has background above it. Nor is it hair
    what narrowly shows there of a neck."""
    eyes, chin = view.landmarks.points[[168, 152], 1].astype(int)
    beside, height = SIZE - 36, (eyes + chin) // 2 + 24  # of the square, clear of the face

    def head(first_row, half_width=16):
        matte = view.matte.copy()
        matte[:, beside - 16 :] = 0
        matte[first_row:chin, beside - half_width : beside + half_width] = 1
        person = replace(view, matte=matte)
        return composite.plan(person, person, person, "head").mask[height, beside]

    assert head(first_row=eyes - 40) > 0.9
    assert head(first_row=height - 16) == 0
    assert head(first_row=eyes - 40, half_width=4) == 0


def test_the_mask_covers_the_face_before_and_after(view):
    """A jaw grows wide, or narrow: what it covered and what it will cover may both change."""

    def jaw(much):
        return moved(view, lambda x, y: much * (x - 128) * np.clip((y - 160) / 30, 0, 1))

    still, wide, narrow = (composite.plan(view, view, edited).mask for edited in (view, jaw(0.25), jaw(-0.25)))
    assert (wide >= still - 0.02).all()
    assert (narrow >= still - 0.02).all()
    end = np.flatnonzero(still[200] > 0.5)[-1]
    assert wide[200, end + 8] > 0.7
    assert still[200, end + 8] < 0.2


@pytest.mark.parametrize("cut", ["left", "top", "right", "bottom"])
def test_a_face_that_touches_the_pictures_border(finder, person, cut):
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
    view = seen(image, face.square, finder.mesh, person)
    after, mask, before = put_back(composite.plan(view, view, view, "head"), face.square, image)
    assert np.abs(after - before).max() < 1e-4
    edge = {"left": mask[:, 0], "top": mask[0], "right": mask[:, -1], "bottom": mask[-1]}[cut]
    assert edge.max() > 0.5
    lighter = replace(view, image=view.image + np.float32(0.1))
    after, mask, before = put_back(composite.plan(view, view, lighter, "head"), face.square, image)
    unclipped = (mask > 0.999) & (before.max(axis=2) < 0.85)
    assert np.abs(after - before - 0.1)[unclipped].max() < 0.02


def placed(where: np.ndarray, square: AlignedSquare, shape: tuple[int, ...]) -> np.ndarray:
    """A region of the square [S, S] in the rectangle of HEAD around it, bool, without its edge."""
    bounds = square.bounds(HEAD.shape, margin=2)
    found = square.uncrop(where.astype(np.float32), bounds) > 0.95
    assert found.shape == shape
    assert found.any()
    return found


def spots(view: View, *points: int) -> np.ndarray:
    """Discs around landmarks."""
    where = np.zeros(view.image.shape[:2], np.uint8)
    for point in points:
        x, y = view.landmarks.points[point, :2].round().astype(int).tolist()
        cv2.circle(where, (x, y), 6, 1, -1)
    return where > 0
