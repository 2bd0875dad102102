"""The photo's tones for what the generator draws: skin follows the photo's skin, hair its hair."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import blur, enlarged, ramp, reduced, times
from anycost_backend.editing.composite.head_parts import GROUPS, Planes
from anycost_backend.editing.composite.views import View

_SIGMA = 25 / 1024  # of the square: how far tones of the photo reach
_FAR = 1e-3  # weight below which the mean of the whole part counts
_ENOUGH = 0.002  # of the square, below which a part that both show says little
_DARK = 0.05  # of 1: so much light is added before colours are divided
_MOST = 2.5  # times as bright or dark
# By how much the tones of a group of parts may follow. What is misplaced is no difference of colour: it must not tint
# its surroundings.
_LIMITS = dict(zip(GROUPS, (0.12, 0.25, 0.12, 0.12), strict=True))


def tones(
    images: tuple[np.ndarray, np.ndarray], parts: tuple[Planes, Planes, Planes], reach: float, side: int
) -> np.ndarray:
    """The smooth correction [side, side, 4] of the edited drawing to the photo's colours; its last plane is 0.

    images: photo and projection; parts: of photo, projection and edited drawing, all in the common frame and covering
    `reach` sides of the square.

    Each part of the person gets the correction that photo − projection shows in this part: skin that a fringe covered
    is corrected as skin. The edit's own change of colour stays."""
    photo, before = (reduced(image, side) for image in images)
    apart = photo - before
    was, had, has = (each.groups for each in parts)
    both_show = cv2.split(cv2.multiply(was, had) ** 2)
    within = {limit: _clipped(apart, limit) for limit in set(_LIMITS.values())}
    correction, total = np.zeros_like(apart), np.full((side, side), _FAR, np.float32)
    for limit, both, share in zip(_LIMITS.values(), both_show, cv2.split(has), strict=True):
        sure = np.float32(min(1.0, float(both.sum()) / (_ENOUGH * (side / reach) ** 2)))
        total += share
        if not sure:
            continue
        weighted = times(within[limit], both)
        soft, whole = blur(weighted, _SIGMA * side / reach), cv2.mean(weighted)
        usual = np.array(whole[:3], np.float32) / np.float32(whole[3] + 1e-9)
        near = sure * share / (cv2.extractChannel(soft, 3) + np.float32(_FAR))
        soft += np.array([*(_FAR * usual), 0], np.float32)
        correction += times(soft, near)
    correction = times(correction, 1 / total)
    correction[:, :, 3] = 0
    return correction


def with_hair_colour(drawing: View, other: View) -> np.ndarray:
    """float32 RGB [S, S, 3], 0…1: the drawing whose hair has the mean colour that it has in the other one."""
    (hair, mean), (_, wanted) = (_hair_colour(view) for view in (drawing, other))
    if mean is None or wanted is None:
        return drawing.image
    ratio = np.clip((wanted + _DARK) / (mean + _DARK), 1 / _MOST, _MOST)
    return np.minimum(drawing.image * (1 + enlarged(hair, len(drawing.image))[:, :, None] * (ratio - 1)), 1)


def _hair_colour(view: View) -> tuple[np.ndarray, np.ndarray | None]:
    """Hair [s, s], 0…1, and its mean colour, float32 [3], 0…1; None where there is too little."""
    hair = view.parts["hair"]
    sure = ramp(hair, 0.7, 1)
    if float(sure.mean()) < _ENOUGH:
        return hair, None
    return hair, np.array(cv2.mean(times(reduced(view.image, len(hair)), sure))[:3], np.float32) / float(sure.mean())


def _clipped(apart: np.ndarray, limit: float) -> np.ndarray:
    """[s, s, 4]: colours within ± the limit, and 1."""
    within = np.clip(apart, -limit, limit)
    within[:, :, 3] = 1
    return within
