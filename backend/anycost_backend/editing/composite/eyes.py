"""The eyes of a photo, as turning them needs them: lids, the white, the colours of the iris."""

from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.face.landmarks import IRISES, LIDS, Landmarks

from anycost_backend.editing.composite.arrays import ramp, spread

# In radii of the iris:
WAS = 1.1, 1.2  # distances from its centre between which the iris that is seen passes into the white
LASHES = 0.2  # so near to lids nothing is known of the eye
RINGS = 12  # of the iris, each of one colour where lids hid it
_OUT_OF_SIGHT = 0.4  # of the other eye's width: of an eye so narrow the mesh guesses
_BRIGHT = 0.6  # quantile of what is beside an iris that is white
_DIM = 0.3, 0.75  # shares of its lightness between which what is darker is white in shadow, rather than lashes
_DARK = 0.35  # share of a ring that gives it its colour
_LEAST_WHITE = 0.2  # squares of its radius: with less white to be seen, nothing is known of its colour


@dataclass(frozen=True, eq=False)
class Eye:
    """In a square of b × b pixels of a view."""

    box: tuple[slice, slice]
    here: np.ndarray  # float32 [b, b, 2], pixels of the view
    iris: np.ndarray  # [2], pixels of the view: its centre
    aside: np.ndarray  # [2], pixels: by which it has moved from where the landmarks have it
    radius: float  # of the iris, pixels
    inside: np.ndarray  # float32 [b, b], radii: how far within the lids; below 0 beyond them
    was: np.ndarray  # float32 [b, b], radii: from the iris's centre
    white: np.ndarray  # float32 [b, b, 4], spread over all of the eye
    rings: np.ndarray  # float32 [RINGS, 4]: colours of the iris by the distance from its centre


def eyes_of(photo: np.ndarray, face: Landmarks, reach: float, aside: np.ndarray) -> tuple[Eye | None, ...]:
    """Both; None where too little is seen of one.

    photo: [S, S, 4], `reach` sides of the square, in which the irises of the face (square units) have moved aside by
    [2, 2], square units"""
    size = len(photo)
    points = ((face.points[:, :2].astype(np.float64) - 0.5) / reach + 0.5) * size
    widths = [float(np.hypot(*(points[ring[0]] - points[ring[len(ring) // 2]]))) for ring in LIDS]
    return tuple(
        None
        if width < _OUT_OF_SIGHT * max(widths)
        else _eye(photo, points[list(iris)], points[list(ring)], left * size / reach)
        for iris, ring, width, left in zip(IRISES, LIDS, widths, aside, strict=True)
    )


def _eye(photo: np.ndarray, iris: np.ndarray, lids: np.ndarray, aside: np.ndarray) -> Eye | None:
    """iris, lids: [5, 2] and [16, 2], pixels: the iris's centre and rim before it moved `aside` [2], and the lids'"""
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
    inside, was = _inside(lids, here) / radius, away_from(centre, here) / radius
    own = photo[box]
    known = ramp(was, *WAS) * (inside > LASHES)
    if known.sum() < _LEAST_WHITE * radius**2:
        return None
    light = own[:, :, :3].mean(axis=2)
    bright = max(float(np.quantile(light[known > 0], _BRIGHT)), 1 / 255)  # of an eye under a black bar, too
    known *= ramp(light, _DIM[0] * bright, _DIM[1] * bright)  # lashes, and irises that the mesh takes for smaller
    white = spread(own, known.astype(np.float32))
    return Eye(box, here, centre, aside, radius, inside, was, white, _rings(own, was, inside))


def away_from(centre: np.ndarray, here: np.ndarray) -> np.ndarray:
    """float32 [b, b]: distances of the places [b, b, 2] from the centre [2]."""
    distances: np.ndarray = np.hypot(*cv2.split(here - centre.astype(np.float32)))
    return distances


def _rings(photo: np.ndarray, away: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """float32 [RINGS, 4]: the colours of an iris by the distance from its centre, of what lids do not hide: of its
    darker third, for lamps are mirrored in it.

    away, inside: [b, b], radii, from its centre and from the lids"""
    ring = np.where(inside > LASHES, (away * RINGS).astype(int), RINGS)
    light, colours = photo[:, :, :3].sum(axis=2), np.full((RINGS, 4), np.nan, np.float32)
    for number in range(RINGS):
        own = ring == number
        if own.any():
            colours[number] = photo[own & (light <= np.quantile(light[own], _DARK))].mean(axis=0)
    found = np.flatnonzero(np.isfinite(colours[:, 0]))
    nearest = found[np.abs(np.arange(RINGS)[:, None] - found).argmin(axis=1)] if len(found) else None
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
