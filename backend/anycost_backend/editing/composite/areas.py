"""Where colours of the photo change: hair, skin, cheeks, lips, lids."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from anycost_models.face.landmarks import CHEEKS, LIDS, LIPS, MOUTH, UPPER_LIDS
from anycost_models.face.masks import polygon_mask

from anycost_backend.editing.composite.arrays import blur, disc, enlarged, in_view, ramp, resized, spread, times
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.views import PhotoView

Area = Literal["hair", "skin", "cheeks", "lips", "lids"]
_SURE = 0.6, 0.95  # shares of a pixel that are hair, from which on its colour is hair's a little, and wholly
_BARE = 0.02, 0.3  # shares up to which it is wholly what is beside hair, and a little
_APART = 0.03, 0.1  # of 1: difference of those two from which on strands between them are told apart, and surely
_LIDS = 1.4  # times as much of lids, which are narrow, as is left of them when their edge is soft
# All in square units:
_STRANDS = 0.02  # so far from the parsed hair its strands may lie
_NEAR = 0.02  # sigma within which hair has one colour, and so has what is beside it
_SOFT = {"skin": 0.006, "cheeks": 0.035, "lips": 0.004, "lids": 0.012}  # sigma of edges


def shown_colours(
    original: PhotoView, ground: Groundwork, hair: np.ndarray, area: Area
) -> tuple[np.ndarray, np.ndarray]:
    """The share of each pixel [d, d] that is of the area, 0…1, and the colour of that share [d, d, 4].

    hair: [s, s], 0…1, as it was parsed"""
    if area == "hair":
        return _hair(ground, hair)
    side, reach = ground.deciding, ground.reach
    points = in_view(original.landmarks, side, reach).points[:, :2]

    def inside(polygons: Sequence[Sequence[int]]) -> np.ndarray:
        return np.maximum.reduce([polygon_mask(points[list(polygon)], side) for polygon in polygons])

    if area == "skin":
        where = _parsed(original, ("skin", "ears", "neck"), side)
    elif area == "cheeks":
        where = inside(CHEEKS)
    elif area == "lips":
        where = inside((LIPS,)) * (1 - inside((MOUTH,)))
    else:
        where = inside(UPPER_LIDS) * (1 - inside(LIDS))
    soft = cv2.GaussianBlur(where, (0, 0), _SOFT[area] * side / reach)
    if area == "cheeks":
        soft *= _parsed(original, ("skin",), side)
    elif area == "lids":
        soft = np.minimum(_LIDS * soft, 1) * (1 - inside(LIDS))
    return soft, ground.photo


def _parsed(original: PhotoView, names: tuple[str, ...], side: int) -> np.ndarray:
    return resized(original.parts.together(names), side)


def _hair(ground: Groundwork, parsed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `shown_colours`. Beside the parsed hair it is told by the colour: how far it is from what is beside hair to
    hair."""
    side, pixel = ground.deciding, ground.deciding / ground.reach
    parsed = enlarged(parsed, side)
    sure, near = ramp(parsed, *_SURE), cv2.dilate(ramp(parsed, *_BARE), disc(_STRANDS * pixel))
    hair, beside = (mean_near(ground.photo, among, _NEAR * pixel) for among in (sure, 1 - near))
    apart = hair - beside
    squared = _dot(apart, apart)
    share = np.clip(_dot(ground.photo - beside, apart) / np.maximum(squared, 1e-6), 0, 1)
    told = ramp(np.sqrt(squared), *_APART)
    soft = parsed + told * (share - parsed)
    band = cv2.GaussianBlur(near, (0, 0), _STRANDS / 2 * pixel)
    share = np.clip(np.maximum(sure, soft * band), 0, 1)
    return share, hair + times(ground.photo - hair, share)


def mean_near(photo: np.ndarray, among: np.ndarray, sigma: float) -> np.ndarray:
    """[d, d, 4]: the mean colour of the pixels near that are `among`, 0…1; where none is near, of those further.

    sigma: pixels"""
    soft = blur(times(photo, among), sigma)
    weight = cv2.extractChannel(soft, 3)
    return spread(times(soft, 1 / np.maximum(weight, 1e-6)), np.minimum(4 * weight, 1))


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[d, d] of the colours of two [d, d, 4]."""
    return (one[:, :, :3] * other[:, :, :3]).sum(axis=2)
