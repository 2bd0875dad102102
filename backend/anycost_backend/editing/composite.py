"""Composites an edit into the photo, on the photo's own pixels.

The original is warped by the smooth motion projected → edited. What is left of the difference edited − projected
(shading, colour) is added. Only what appears or vanishes (teeth, glasses, hair) is the generator's, in the photo's
colours. All images are first warped to common coordinates, the original's landmarks plus the edit's motion: a
projection whose brows lie a little off leaves no second brow.

Images are float32 RGB, sRGB 0…1. Everything smooth is computed small and enlarged.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.editing.directions import Region
from anycost_models.face.aligned_square import AlignedSquare, Rectangle, pixel_matrix
from anycost_models.face.landmarks import LEFT_EYE, RIGHT_EYE, Landmarks
from anycost_models.face.masks import eyes_mask, face_oval_mask, hanging_hair
from scipy.interpolate import RBFInterpolator

from anycost_backend.editing.monochrome import apply_monochrome_curve

# Landmarks that an expression does not move: eyes, the nose's bridge, temples.
_STEADY = [i for i in (*LEFT_EYE, *RIGHT_EYE, 6, 168, 8, 122, 196, 188, 412, 356, 162, 234, 454) if i % 2 == 0]
_SMOOTHING = 1e-3  # of the thin-plate spline: landmarks of generated faces are off by about a pixel
_APPEARS_FROM = 10 / 255  # difference from which on the generator's pixels replace the photo's
_APPEARS_BY = 25 / 255  # further difference at which they replace them fully
_OTHER_FROM = 50 / 255  # from which even a smooth difference is another object, such as skin for hair
_SHADING = 0.8  # share of a smooth difference that counts as shading
_MAX_TINT = 0.12  # by which the replacement's colours follow the photo's
_MAX_BACKGROUND_TINT = 0.4  # the same behind the person
_LIGHTS = 9  # levels of lightness at which colours are compared
_EDGE = 0.02  # of the square's side: so far beyond the matte may still be the person
_FAR = 1e-3  # weight below which the mean of the whole image counts


@dataclass(frozen=True)
class Detail:
    """Resolution of the smooth parts of a plan. Previews use less."""

    landmarks: int  # every n-th of them defines the motion
    grid: int  # nodes of the motion's grid, each way
    deciding: int  # pixels: largest side at which photo and generator are weighted
    smooth: int  # pixels: largest side at which motion and mask are computed
    colours: int  # the same of colours


FINE = Detail(landmarks=2, grid=49, deciding=512, smooth=256, colours=256)
QUICK = Detail(landmarks=4, grid=13, deciding=128, smooth=128, colours=64)


@dataclass(frozen=True, eq=False)
class View:
    """One image of the aligned face and what was measured on it."""

    image: np.ndarray  # float32 sRGB [S, S, 3], 0…1
    landmarks: Landmarks  # in its pixels
    matte: np.ndarray  # float32 [S, S], 0…1: the person
    # float32 [s, s], 0…1, of the photo: hair over the forehead, which changes with the head and not with the face
    fringe: np.ndarray | None = None
    curve: np.ndarray | None = None  # of a photo without colours: see `monochrome_curve`
    mine: np.ndarray | None = None  # float32 [s, s], 0…1, of the photo: what is no other person's; None: all


@dataclass(frozen=True, eq=False)
class Change:
    """An edit that can be composited at any resolution. All arrays cover the aligned square."""

    source: np.ndarray  # float32 [s, s, 2], 0…1: x, y in the square from which the original's pixels come
    original_weight: np.ndarray  # float32 [s, s], 0…1: weight of the warped original
    # float32 [S, S, 3], −1…1: what is added to it: shading where the original is kept, the generator's image elsewhere.
    added: np.ndarray
    mask: np.ndarray  # float32 [s, s], 0…1: weight of the edit; exactly 0 outside and at the square's own border
    curve: np.ndarray | None = None  # float32 [17, 3]: colours of a photo without colours of its own


def plan(original: View, projected: View, edited: View, region: Region = "face", detail: Detail = FINE) -> Change:
    """The change from three views of equal size [S, S]. region: what may change: eyes, face, or head with the hair."""
    size = original.image.shape[0]
    landmarks = original.landmarks, projected.landmarks, edited.landmarks
    to_original, to_projected, to_edited = _motions(*landmarks, size, detail)
    before_full = _warp(projected.image, to_projected)
    after = _warp(edited.image, to_edited)
    difference = after - before_full

    # The weights of photo and generator are smooth: half the size is enough.
    half = min(size, detail.deciding)
    scale = half / 1024  # the constants are for 1024 px
    moved = _warp(_reduced(original.image, half), to_original * (half / size))
    before, changed = _reduced(before_full, half), _reduced(difference, half)
    was, had, has = (
        _warp(_reduced(view.matte, half), source * (half / size))
        for view, source in ((original, to_original), (projected, to_projected), (edited, to_edited))
    )
    colours = _colours((moved, before, _reduced(after, half)), (was, had, has), 25 / 1024, detail.colours)
    appears, another = _replacement(changed, moved - before - _enlarged(colours, half), scale)
    if region == "head":
        appears = np.maximum(appears, _uncovered(had, has, detail.smooth))
        if original.fringe is not None:
            fringe = _warp(_enlarged(original.fringe, half), to_original * (half / size))
            appears = np.maximum(appears, _tips(fringe, another))
    beyond = _beyond(was, has, detail.smooth)
    appears *= 1 - beyond
    difference = _times(difference, 1 - _enlarged(beyond, size))
    mask = _mask(original, edited, to_original, to_edited, has, region)
    # That is (1 − appears) · difference + appears · (edited + colours), for edited = projected + difference.
    added = difference + _times(before_full + _enlarged(colours, size), _enlarged(appears, size))
    return Change(to_original / size, 1 - appears, added, mask, original.curve)


def apply(
    change: Change, square: AlignedSquare, pixels: np.ndarray, bounds: Rectangle
) -> tuple[np.ndarray, np.ndarray]:
    """pixels: float32 sRGB [h, w, 3], 0…1, the photo's rectangle `bounds` around the square, at full resolution.

    Returns the edited rectangle, float32 [h, w, 3], 0…1, and its mask, float32 [h, w], 0…1, to blend it over the
    photo."""
    height, width = pixels.shape[:2]
    to_square = square_from(square, bounds)
    return apply_rows(change, to_square, (width, height), (0, height), lambda first, last: pixels[first:last])


def covered(change: Change, to_square: np.ndarray, within: Rectangle) -> Rectangle:
    """The part of the rectangle `within` (pixels) that the change can touch; of width 0 if that is nothing.

    to_square: float64 [2, 3], as `square_from` returns it"""
    rows, columns = (np.flatnonzero(change.mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return within[0], within[1], within[0], within[1]
    side = change.mask.shape[0]
    low, high = np.array([columns[0], rows[0]]) - 1, np.array([columns[-1], rows[-1]]) + 2
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])]) / side
    back = cv2.invertAffineTransform(to_square)
    pixels = corners @ back[:, :2].T + back[:, 2]
    x0, y0 = np.floor(pixels.min(axis=0)).astype(int).clip(within[:2], within[2:]).tolist()
    x1, y1 = np.ceil(pixels.max(axis=0)).astype(int).clip((x0, y0), within[2:]).tolist()
    return x0, y0, x1, y1


def square_from(square: AlignedSquare, bounds: Rectangle, size: tuple[int, int] | None = None) -> np.ndarray:
    """float64 [2, 3]: the transform to the unit square from pixels of the photo's rectangle `bounds`, shown at `size`
    (width, height)."""
    x0, y0, x1, y1 = bounds
    to_square = square.matrix(1)
    to_square[:, 2] += to_square[:, :2] @ (x0, y0)
    if size is not None:
        to_square[:, :2] *= (x1 - x0) / size[0], (y1 - y0) / size[1]
    return to_square


def apply_rows(
    change: Change,
    to_square: np.ndarray,
    size: tuple[int, int],
    rows: tuple[int, int],
    read: Callable[[int, int], np.ndarray],
    interpolation: int = cv2.INTER_CUBIC,
) -> tuple[np.ndarray, np.ndarray]:
    """`apply` for some rows (from, to) of a rectangle of `size` (width, height), which then is never float as a whole.

    to_square: float64 [2, 3], as `square_from` returns it; read: returns rows from – to, float32 sRGB [n, w, 3], 0…1;
    interpolation: OpenCV's, of the photo"""
    (width, height), (first, last) = size, rows
    shifted = to_square.copy()
    shifted[:, 2] += shifted[:, 1] * first

    def place(array: np.ndarray) -> np.ndarray:
        """Warps from the square to those rows."""
        matrix = pixel_matrix(shifted * array.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(array, matrix, (width, last - first), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    # The motion is enlarged, not absolute coordinates: OpenCV interpolates in steps of 1/32, which would shift every
    # pixel. It warps single channels several times as quickly as pairs.
    out_of_square = np.linalg.inv(to_square[:, :2]).T.astype(np.float32)
    motion = (change.source - _coordinates(change.source.shape[0], 1)) @ out_of_square
    x, y, original_weight = (place(plane) for plane in (*cv2.split(motion), change.original_weight))
    x += np.arange(width, dtype=np.float32)
    y += np.arange(first, last, dtype=np.float32)[:, None]
    reach = 4  # rows that the interpolation reads beside the pixel itself
    low = min(max(int(y.min()) - reach, 0), height - 1)
    high = min(max(int(y.max()) + reach, low + 1), height)
    y -= low
    moved = cv2.remap(read(low, high), x, y, interpolation, borderMode=cv2.BORDER_REFLECT_101)
    edited = cv2.multiply(moved, cv2.merge([original_weight] * 3), dst=moved)
    edited += place(change.added)
    if change.curve is not None:
        edited = apply_monochrome_curve(edited, change.curve)
    return np.clip(edited, 0, 1, out=edited), place(change.mask)


def _motions(
    original: Landmarks, projected: Landmarks, edited: Landmarks, size: int, detail: Detail
) -> tuple[np.ndarray, ...]:
    """Maps from the common coordinates to the original, the projected and the edited image: three float32 [s, s, 2] in
    pixels of the square."""
    points = [face.points[:, :2].astype(np.float64) / size for face in (original, projected, edited)]
    common = (points[0] + _without_drift(points[2], points[1]) - points[1])[:: detail.landmarks]
    edge = np.linspace(0, 1, 9)
    still = np.array([(x, y) for x in edge for y in edge if x in (0, 1) or y in (0, 1)])
    offsets = np.concatenate([p[:: detail.landmarks] - common for p in points], axis=1)  # [N, 6]
    spline = RBFInterpolator(
        np.concatenate([common, still]),
        np.concatenate([offsets, np.zeros((len(still), 6))]),
        kernel="thin_plate_spline",
        smoothing=_SMOOTHING,
    )
    nodes = (np.arange(detail.grid) + 0.5) / detail.grid
    places = np.stack(np.meshgrid(nodes, nodes), axis=2).reshape(-1, 2)
    field = (spline(places).reshape(detail.grid, detail.grid, 3, 2) * size).astype(np.float32)
    side = min(size, detail.smooth)
    return tuple(
        _coordinates(side, size) + cv2.resize(field[:, :, i], (side, side), interpolation=cv2.INTER_CUBIC)
        for i in range(3)
    )


def _without_drift(edited: np.ndarray, projected: np.ndarray) -> np.ndarray:
    """The edited landmarks [478, 2] without the drift of the whole head: after the best similarity transform of eyes
    and nose bridge to the projected ones. An edit of the face leaves the head where it is."""
    z, target = (p[_STEADY, 0] + 1j * p[_STEADY, 1] for p in (edited, projected))
    spread = z - z.mean()
    turn = np.vdot(spread, target - target.mean()) / np.vdot(spread, spread).real
    moved = turn * (edited[:, 0] + 1j * edited[:, 1] - z.mean()) + target.mean()
    return np.column_stack([moved.real, moved.imag])


def _coordinates(side: int, size: float) -> np.ndarray:
    """float32 [s, s, 2], x and y: of the pixels of an s×s image in a square with sides of `size`."""
    line = (np.arange(side, dtype=np.float32) + 0.5) * np.float32(size / side)
    return np.stack(np.meshgrid(line, line), axis=2)


def _warp(image: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The image [S, S, …] with each pixel taken from `source` [s, s, 2], pixels."""
    size = image.shape[0]
    dense = cv2.resize(source, (size, size), interpolation=cv2.INTER_LINEAR) - 0.5
    return cv2.remap(image, dense, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur, computed small where sigma allows. sigma: pixels"""
    size = image.shape[0]
    small = max(16, min(size, round(size * min(1.0, 4 / sigma))))
    reduced = cv2.GaussianBlur(_reduced(image, small), (0, 0), sigma * small / size, borderType=cv2.BORDER_REFLECT)
    return _enlarged(reduced, size)


def _reduced(image: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def _magnitude(difference: np.ndarray) -> np.ndarray:
    """[S, S, 3] → [S, S], the mean absolute value over the colours."""
    return cv2.transform(np.abs(difference), np.full((1, 3), 1 / 3, np.float32))


def _times(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """[S, S, 3] by [S, S]. NumPy would loop over three values at a time."""
    return cv2.multiply(image, cv2.merge([factor] * 3))


def _enlarged(image: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def _colours(images: tuple[np.ndarray, ...], mattes: tuple[np.ndarray, ...], sigma: float, smooth: int) -> np.ndarray:
    """The smooth correction [s, s, 3] of the edited render to the photo's colours.

    images, mattes: of photo, projection and edited render; sigma: in sides of the square.

    The person is corrected by photo − projection, averaged over the person where the projection is about as light:
    rendered skin gets the correction of skin, even where there was hair. The edit's own change of colour stays. The
    background is no part of an edit: it is corrected by photo − edited render, averaged over the background."""
    side = min(smooth, images[0].shape[0])
    photo, before, after = (_reduced(image, side) for image in images)
    was, had, has = (_reduced(matte, side) for matte in mattes)
    were, are = (image.mean(axis=2) * (_LIGHTS - 1) for image in (before, after))
    person = np.zeros_like(photo)
    for level in range(math.floor(are.min()), math.ceil(are.max()) + 1):
        in_before, in_after = (np.clip(1 - np.abs(lightness - level), 0, 1) for lightness in (were, are))
        person += _times(_tint(photo - before, was * had * in_before, _MAX_TINT, sigma * side), in_after)
    background = _tint(photo - after, (1 - was) * (1 - has), _MAX_BACKGROUND_TINT, 2 * sigma * side)
    return background + _times(person - background, has)


def _tint(tint: np.ndarray, among: np.ndarray, limit: float, sigma: float) -> np.ndarray:
    """A tint [s, s, 3] smoothed with weights [s, s]; far from them, the mean. limit: of its absolute value"""
    # A misplaced feature is no difference of colour: it must not tint its surroundings.
    weighted = np.dstack([_times(np.clip(tint, -limit, limit), among), among])
    smooth, total = _blur(weighted, sigma), weighted.mean(axis=(0, 1))
    usual = total[:3] / (total[3] + _FAR)
    return (smooth[:, :, :3] + _FAR * usual) / (smooth[:, :, 3:] + _FAR)


def _replacement(changed: np.ndarray, apart: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Two weights [s, s], 0…1: of the generator's pixels, and where they show another object than the photo.

    changed: edited − projected; apart: photo − projected without colours; [s, s, 3]; scale: 1 at 1024 px"""
    # A change of colour or shading alone keeps the photo's texture; new edges replace it.
    edges = changed - _SHADING * _blur(changed, 25 * scale)
    strength = _blur(_magnitude(edges), 9 * scale)
    # Where the projection differs from the photo, the difference is no shading: replace a little sooner.
    doubt = np.clip(_blur(_magnitude(apart), 9 * scale) / _APPEARS_BY, 0, 1)
    appears = np.clip((strength - _APPEARS_FROM * (1 - 0.5 * doubt)) / _APPEARS_BY, 0, 1)
    # A large difference is no shading, however smooth: hair gives way to skin.
    another = np.clip((_blur(_magnitude(changed), 9 * scale) - _OTHER_FROM) / _APPEARS_BY, 0, 1)
    return np.maximum(appears, another), another


def _tips(fringe: np.ndarray, another: np.ndarray) -> np.ndarray:
    """[s, s], 0…1: the tips of the photo's fringe, which reach a little beyond the projection's vanished fringe."""
    reach = round(0.04 * len(fringe))
    return np.minimum(2 * fringe, cv2.dilate(another, np.ones((2 * reach + 1,) * 2, np.uint8)))


def _uncovered(projected: np.ndarray, edited: np.ndarray, smooth: int) -> np.ndarray:
    """[S, S], 0…1: the background that appears where the silhouette shrinks. The photo's own silhouette lies a little
    beside the projection's, so the area is dilated, outside of what the person covers afterwards."""
    size = projected.shape[0]
    small = min(size, smooth)
    before, after = _reduced(projected, small), _reduced(edited, small)
    reach = round(0.06 * small)
    gone = cv2.dilate(np.clip(before - after - 0.2, 0, 1), np.ones((2 * reach + 1,) * 2, np.uint8))
    gone = cv2.GaussianBlur(np.clip(2 * gone, 0, 1), (0, 0), 0.02 * small) * np.clip((0.8 - after) / 0.5, 0, 1)
    return _enlarged(gone, size)


def _beyond(original: np.ndarray, edited: np.ndarray, smooth: int) -> np.ndarray:
    """[S, S], 0…1: the background that stays background: there the photo is kept, whatever the generator renders."""
    size = original.shape[0]
    small = min(size, smooth)
    person = np.maximum(_reduced(original, small), _reduced(edited, small))
    near = cv2.GaussianBlur(_grown([person], _EDGE * small), (0, 0), _EDGE / 2 * small)
    return _enlarged(1 - np.clip(2 * near, 0, 1), size)


def _mask(
    original: View, edited: View, to_original: np.ndarray, to_edited: np.ndarray, has: np.ndarray, region: Region
) -> np.ndarray:
    """The union of what the region covers before and after, in the common coordinates, feathered; [s, s], 0…1.

    has: [S, S], the edited matte in these coordinates"""
    side = to_original.shape[0]
    faces, hair = [], []
    for view, source in ((original, None), (original, to_original), (edited, to_edited)):
        size = view.image.shape[0]
        small = _shrunk(view.landmarks, side / size)
        source = None if source is None else source * (side / size)
        if region == "eyes":
            cover = eyes_mask(small, side)
        else:
            cover = face_oval_mask(small, side, forehead=0.15 if region == "face" else 0.35)
        faces.append(cover if source is None else _warp(cover, source))
        if region == "head":
            cover = hanging_hair(_reduced(view.matte, side), small)
            hair.append(cover if source is None else _warp(cover, source))
    feather = 0.02 * side
    grown = _grown(faces, 2 * feather if region == "head" else feather)
    if hair:  # loose strands lie beyond the matte; none must stay where the head moves away
        grown = np.maximum(grown, _grown(hair, 2.5 * feather))
    soft = cv2.GaussianBlur(grown, (0, 0), feather)
    if region != "head" and original.fringe is not None:  # the generator changes hair with a smile
        soft *= 1 - cv2.resize(original.fringe, (side, side), interpolation=cv2.INTER_AREA)
    if region == "eyes":  # the generator may change the head with the glasses: ignore what shows beside it
        soft *= np.clip(2 * cv2.GaussianBlur(_reduced(has, side), (0, 0), feather) - 1, 0, 1)
    if original.mine is not None:
        soft *= cv2.resize(original.mine, (side, side), interpolation=cv2.INTER_AREA)
    # The square's border never changes: there is nothing to blend it with.
    ramp = np.clip((np.minimum(np.arange(side), np.arange(side)[::-1]) - 1) / (0.04 * side), 0, 1).astype(np.float32)
    soft = soft * np.minimum(ramp[:, None], ramp[None, :])
    return np.where(soft < 1 / 512, 0, soft).astype(np.float32)


def _grown(covers: list[np.ndarray], reach: float) -> np.ndarray:
    """Their union, dilated by `reach` pixels."""
    side = 2 * round(reach) + 1
    return cv2.dilate(np.max(covers, axis=0), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))


def _shrunk(landmarks: Landmarks, scale: float) -> Landmarks:
    return landmarks.moved(np.array([[scale, 0, 0], [0, scale, 0]]))
