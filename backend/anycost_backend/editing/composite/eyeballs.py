"""Turns eyes up and down: irises move behind lids, which cut them off, and what they leave is white.

To the side there is white to be stretched (`irises.py`); above and below an iris are lids, which no warp may bring
into the eye."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from anycost_models.face.landmarks import IRISES, LIDS

from anycost_backend.editing.composite.arrays import enlarged, four_planes, places, ramp, resized, spread, times, warp
from anycost_backend.editing.composite.irises import iris_motion
from anycost_backend.editing.composite.views import Change, PhotoView

LEAST_TURN = 0.001  # square units: less up or down is left to `irises.py`
_OUT_OF_SIGHT = 0.4  # of the other eye's width: of an eye so narrow the mesh guesses
# In radii of the iris:
_LIMBUS = 1.08, 1.25  # distances from its centre between which it passes into the white
_WAS = 1.1, 1.2  # the same of what it leaves
_TURNS = 0.1  # so far up or down an iris bares what was hidden
_RIM = -0.02, 0.12  # distances within the lids between which an eye begins
_SHADOW = 0.5, 0.7  # share of the light at an upper lid, and so far from it all
_LASHES = 0.2  # so near to lids nothing is known of the eye
_RINGS = 12  # of the iris, each of one colour where lids hid it
_BRIGHT = 0.6  # quantile of what is beside an iris that is white
_DIM = 0.3, 0.75  # shares of its lightness between which what is darker is white in shadow, rather than lashes
_DARK = 0.35  # share of a ring that gives it its colour
_LEAST_WHITE = 0.2  # squares of its radius: with less white to be seen, nothing is known of its colour


@dataclass(frozen=True, eq=False)
class _Turned:
    """One eye of the photo, its iris moved, in a square of pixels."""

    box: tuple[slice, slice]
    motion: np.ndarray  # float32 [b, b, 2], pixels, to be added to a place for that of the photo
    new: np.ndarray  # [b, b], 0…1: what is not the photo's there
    colours: np.ndarray  # [b, b, 4]: of that
    within: np.ndarray  # [b, b], 0…1: what changes


def turned(original: PhotoView, change: Change, shifts: np.ndarray, may: np.ndarray) -> Change:
    """The change, which moves lids and irises alike, with irises moved by [2, 2], square units, besides.

    may: float32 [d, d], 0…1, as large as its mask: what may change"""
    reach, size = original.reach, len(original.image)
    planes, here = four_planes(original.image), places(size, reach)
    motion, aside = np.zeros((2, size, size, 2), np.float32)
    sidewards, upwards = shifts * (1, 0), shifts * (0, 1)
    if np.abs(sidewards).max() > LEAST_TURN:
        aside = iris_motion(original.landmarks, sidewards, size, reach)
        planes = warp(planes, here + aside, reach, size)
    new, within = np.zeros((2, size, size), np.float32)
    colours = np.zeros_like(planes)
    points = ((original.landmarks.points[:, :2].astype(np.float64) - 0.5) / reach + 0.5) * size
    widths = [float(np.hypot(*(points[ring[0]] - points[ring[len(ring) // 2]]))) for ring in LIDS]
    for iris, ring, width, left, up in zip(IRISES, LIDS, widths, sidewards, upwards, strict=True):
        if width < _OUT_OF_SIGHT * max(widths):
            continue
        eye = _turned(planes, points[list(iris)], points[list(ring)], left * size / reach, up * size / reach)
        if eye is not None:
            motion[eye.box], new[eye.box], within[eye.box] = eye.motion * (reach / size), eye.new, eye.within
            colours[eye.box] = eye.colours
    lids = enlarged(change.source, size)
    side = len(change.mask)
    new, within = (resized(warp(each, lids, reach, size), side) for each in (new, within))
    own = resized(new, size)  # as smooth as the weight of the photo: their sum is 1 at each pixel
    photo = change.original_weight + within * (1 - change.original_weight)  # an iris that was drawn does not turn
    return replace(
        change,
        source=lids + warp(motion + warp(aside, here + motion, reach, size), lids, reach, size),
        original_weight=photo * (1 - new),
        added=times(resized(change.added, size), 1 - resized(np.maximum(within, new), size))
        + times(warp(colours, lids, reach, size), own),
        mask=np.maximum(change.mask, within * may),
    )


def _turned(
    photo: np.ndarray, iris: np.ndarray, lids: np.ndarray, aside: np.ndarray, shift: np.ndarray
) -> _Turned | None:
    """None where too little is seen of the eye.

    photo: [S, S, 4], in which the iris has moved aside; iris, lids: [5, 2] and [16, 2], pixels: the iris's centre and
    rim before that, and the lids'; aside, shift: [2], pixels"""
    size = len(photo)
    centre, radius = iris[0] + aside, max(float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean()), 1e-6)
    low, high = lids.min(axis=0), lids.max(axis=0)
    half = int(np.ceil(float((high - low).max()) / 2 + radius))
    x, y = (round(float(middle)) - half for middle in (low + high) / 2)
    if min(x, y) < 0 or max(x, y) + 2 * half > size or radius < 1:
        return None
    box = np.s_[y : y + 2 * half, x : x + 2 * half]
    line = np.arange(2 * half, dtype=np.float32) + 0.5
    here = np.stack(np.meshgrid(line + x, line + y), axis=2)
    inside = _inside(lids, here) / radius
    away, was = (np.hypot(*cv2.split(here - at.astype(np.float32))) / radius for at in (centre + shift, centre))
    then = here - (np.array((x + 0.5, y + 0.5)) + shift).astype(np.float32)  # pixels of the box, as OpenCV counts them
    seen = cv2.remap(inside, then, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # of the iris, then
    eye = ramp(inside, *_RIM)
    disc = 1 - ramp(away, *_LIMBUS)
    left = 1 - ramp(was, *_WAS)

    own = photo[box]
    known = ramp(was, *_WAS) * (inside > _LASHES)
    if known.sum() < _LEAST_WHITE * radius**2:
        return None
    light = own[:, :, :3].mean(axis=2)
    bright = max(float(np.quantile(light[known > 0], _BRIGHT)), 1 / 255)  # of an eye under a black bar, too
    known *= ramp(light, _DIM[0] * bright, _DIM[1] * bright)  # lashes, and irises that the mesh takes for smaller
    white = spread(own, known.astype(np.float32))
    if shift[1] > 0:  # what is bared below the upper lid is in its shadow
        white = times(white, _SHADOW[0] + (1 - _SHADOW[0]) * ramp(inside, 0, _SHADOW[1]))
    motion = -disc[:, :, None] * shift.astype(np.float32)
    hidden = 1 - ramp(seen, _LASHES / 2, 2 * _LASHES)
    rings = _rings(own, was, inside)
    level = np.clip(away * _RINGS, 0.5, _RINGS - 0.5) - 0.5
    dark = cv2.remap(rings[:, None], np.zeros_like(level), level.astype(np.float32), cv2.INTER_LINEAR)
    new = eye * (disc * hidden + (1 - disc) * left) * ramp(np.abs(shift).max() / radius, 0, _TURNS)
    colours = white + times(dark - white, disc.astype(np.float32))
    first = 1 - ramp(np.hypot(*cv2.split(here - iris[0].astype(np.float32))) / radius, *_WAS)
    changes = eye * np.maximum.reduce([disc, left, first])
    return _Turned(box, eye[:, :, None] * motion, new.astype(np.float32), colours, changes.astype(np.float32))


def _rings(photo: np.ndarray, away: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """float32 [_RINGS, 4]: the colours of an iris by the distance from its centre, of what lids do not hide: of its
    darker third, for lamps are mirrored in it.

    away, inside: [b, b], radii, from its centre and from the lids"""
    ring = np.where(inside > _LASHES, (away * _RINGS).astype(int), _RINGS)
    light, colours = photo[:, :, :3].sum(axis=2), np.full((_RINGS, 4), np.nan, np.float32)
    for number in range(_RINGS):
        own = ring == number
        if own.any():
            colours[number] = photo[own & (light <= np.quantile(light[own], _DARK))].mean(axis=0)
    found = np.flatnonzero(np.isfinite(colours[:, 0]))
    nearest = found[np.abs(np.arange(_RINGS)[:, None] - found).argmin(axis=1)] if len(found) else None
    return np.zeros_like(colours) if nearest is None else colours[nearest]


def _inside(ring: np.ndarray, places: np.ndarray) -> np.ndarray:
    """float32 [b, b]: how far places [b, b, 2] lie within a closed contour [N, 2]; below 0 beyond it."""
    flat, ring = places.reshape(-1, 2), ring.astype(np.float32)
    nearest = np.full(len(flat), np.inf, np.float32)
    within = np.zeros(len(flat), bool)
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        step, from_a = b - a, flat - a
        share = np.clip(from_a @ step / max(float(step @ step), 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.square(from_a - share[:, None] * step).sum(axis=1))
        crosses = (a[1] > flat[:, 1]) != (b[1] > flat[:, 1])
        rise = np.where(abs(step[1]) < 1e-12, 1e-12, step[1])
        within ^= crosses & (from_a[:, 0] < from_a[:, 1] * step[0] / rise)
    distance: np.ndarray = np.sqrt(nearest).astype(np.float32) * np.where(within, 1, -1).astype(np.float32)
    return distance.reshape(places.shape[:2])
