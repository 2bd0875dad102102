"""Turns eyes up and down: irises move behind lids, which cut them off, and what they leave is white.

To the side there is white to be stretched (`irises.py`); above and below an iris are lids, which no warp may bring
into the eye."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import enlarged, places, ramp, resized, times, warp
from anycost_backend.editing.composite.eyes import LASHES, RINGS, WAS, Eye, away_from, eyes_of
from anycost_backend.editing.composite.irises import iris_motion
from anycost_backend.editing.composite.views import Change, PhotoView

LEAST_TURN = 0.001  # square units: less up or down is left to `irises.py`
# In radii of the iris:
_LIMBUS = 1.08, 1.25  # distances from its centre between which it passes into the white
_TURNS = 0.1  # so far up or down an iris bares what was hidden
_RIM = -0.02, 0.12  # distances within the lids between which an eye begins
_SHADOW = 0.5, 0.7  # share of the light at an upper lid, and so far from it all


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
    reach, size, side = original.reach, len(original.image), len(change.mask)
    sidewards, upwards = shifts * (1, 0), shifts * (0, 1)
    aside, eyes = None, original.eyes
    if np.abs(sidewards).max() > LEAST_TURN:
        here = places(size, reach)
        aside = iris_motion(original.landmarks, sidewards, size, reach)
        eyes = eyes_of(warp(original.planes, here + aside, reach, size), original.landmarks, reach, sidewards)
    found = [_turned(eye, up * size / reach) for eye, up in zip(eyes, upwards, strict=True) if eye is not None]
    motion, colours = np.zeros((size, size, 2), np.float32), np.zeros((size, size, 4), np.float32)
    new, within = np.zeros((2, size, size), np.float32)
    for eye in found:
        motion[eye.box], new[eye.box], within[eye.box] = eye.motion * (reach / size), eye.new, eye.within
        colours[eye.box] = eye.colours
    if aside is not None:
        motion += warp(aside, here + motion, reach, size)

    # Nothing else is changed beyond a square around both eyes.
    x, y, wide = (0, 0, size) if aside is not None else _around([eye.box for eye in found], change, size)
    part, small = np.s_[y : y + wide, x : x + wide], wide * side // size
    weighted = tuple(slice(first * side // size, first * side // size + small) for first in (y, x))
    source = enlarged(change.source, size).copy()
    lids = source[part].copy()
    source[part] += warp(motion, lids, reach, wide)
    new, within = (resized(warp(each, lids, reach, wide), small) for each in (new, within))
    weight, mask = change.original_weight.copy(), change.mask.copy()
    photo = weight[weighted] + within * (1 - weight[weighted])  # an iris that was drawn does not turn
    weight[weighted] = photo * (1 - new)
    mask[weighted] = np.maximum(mask[weighted], within * may[weighted])
    own = resized(new, wide)  # as smooth as the weight of the photo: their sum is 1 at each pixel
    added = resized(change.added, size).copy()
    added[part] = times(added[part], 1 - resized(np.maximum(within, new), wide))
    added[part] += times(warp(colours, lids, reach, wide), own)
    return replace(change, source=source, original_weight=weight, added=added, mask=mask)


def _around(boxes: list[tuple[slice, slice]], change: Change, size: int) -> tuple[int, int, int]:
    """x, y and side, in pixels of a view of `size`, of a square around what moves into or out of the boxes, which
    pixels of the change's mask fill."""
    side = len(change.mask)
    unit = max(size // side, 1)
    if max(size, side) % min(size, side):
        return 0, 0, size
    moves = np.abs(change.source - places(len(change.source), change.reach)).max() * size / change.reach
    margin = math.ceil(float(moves)) + 2 * unit + 2
    firsts = [max(min((box[axis].start for box in boxes), default=0) - margin, 0) // unit for axis in (1, 0)]
    lasts = [min(max((box[axis].stop for box in boxes), default=1) + margin, size) for axis in (1, 0)]
    wide = max(-(-last // unit) - first for first, last in zip(firsts, lasts, strict=True))
    x, y = (min(first * unit, size - wide * unit) for first in firsts)
    return x, y, wide * unit


def _turned(eye: Eye, shift: np.ndarray) -> _Turned:
    """shift: [2], pixels"""
    shifted = shift.astype(np.float32)
    x, y = (eye.box[axis].start for axis in (1, 0))
    away = away_from(eye.iris + shift, eye.here) / eye.radius
    then = eye.here - (np.array((x + 0.5, y + 0.5)) + shift).astype(np.float32)  # pixels of the box, as OpenCV counts
    seen = cv2.remap(eye.inside, then, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # of the iris, then
    lid = ramp(eye.inside, *_RIM)
    disc = 1 - ramp(away, *_LIMBUS)
    left = 1 - ramp(eye.was, *WAS)
    white = eye.white
    if shift[1] > 0:  # what is bared below the upper lid is in its shadow
        white = times(white, _SHADOW[0] + (1 - _SHADOW[0]) * ramp(eye.inside, 0, _SHADOW[1]))
    motion = -disc[:, :, None] * shifted
    hidden = 1 - ramp(seen, LASHES / 2, 2 * LASHES)
    level = np.clip(away * RINGS, 0.5, RINGS - 0.5) - 0.5
    dark = cv2.remap(eye.rings[:, None], np.zeros_like(level), level.astype(np.float32), cv2.INTER_LINEAR)
    new = lid * (disc * hidden + (1 - disc) * left) * ramp(np.abs(shift).max() / eye.radius, 0, _TURNS)
    colours = white + times(dark - white, disc.astype(np.float32))
    first = 1 - ramp(away_from(eye.iris - eye.aside, eye.here) / eye.radius, *WAS)
    changes = lid * np.maximum.reduce([disc, left, first])
    return _Turned(eye.box, lid[:, :, None] * motion, new.astype(np.float32), colours, changes.astype(np.float32))
