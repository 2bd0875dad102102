"""The photo's tones for what the generator draws: skin follows the photo's skin, hair its hair."""

import numpy as np
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import blur, reduced, resized, times

_SIGMA = 25 / 1024  # of the square: how far tones of the photo reach
_FAR = 1e-3  # weight below which the mean of the whole part counts
_ENOUGH = 0.002  # of the square, below which a part that both show says little
# Part of the person → by how much its tones may follow. What is misplaced is no difference of colour: it must not tint
# its surroundings.
_LIMITS = {
    ("skin", "eyes", "mouth", "ears", "neck"): 0.12,
    ("hair",): 0.25,
    ("clothes",): 0.12,
    ("head_covering", "glasses"): 0.12,
}


def tones(
    images: tuple[np.ndarray, np.ndarray], parts: tuple[Parts, Parts, Parts], reach: float, side: int
) -> np.ndarray:
    """The smooth correction [side, side, 3] of the edited drawing to the photo's colours.

    images: photo and projection; parts: of photo, projection and edited drawing, all in the common frame and covering
    `reach` sides of the square.

    Each part of the person gets the correction that photo − projection shows in this part: skin that a fringe covered
    is corrected as skin. The edit's own change of colour stays."""
    photo, before = (reduced(image, side) for image in images)
    correction, total = np.zeros_like(photo), np.full((side, side), _FAR, np.float32)
    for names, limit in _LIMITS.items():
        was, had, has = (resized(each.together(names), side) for each in parts)
        both = (was * had) ** 2
        sure = np.float32(min(1.0, float(both.sum()) / (_ENOUGH * (side / reach) ** 2)))
        weighted = np.dstack([times(np.clip(photo - before, -limit, limit), both), both])
        soft, whole = blur(weighted, _SIGMA * side / reach), weighted.mean(axis=(0, 1))
        usual = whole[:3] / (whole[3] + 1e-9)
        tint = (soft[:, :, :3] + _FAR * usual) / (soft[:, :, 3:] + _FAR)
        correction += times(tint, sure * has)
        total += has
    return correction / total[:, :, None]
