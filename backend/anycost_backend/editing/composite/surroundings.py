"""What lies behind a person: the photo's own surroundings, carried on to where the head may draw back."""

import cv2
import numpy as np
from anycost_models.parsing.parts import HEAD, Parts

from anycost_backend.editing.composite.arrays import disc, enlarged, four_planes, ramp, spread, times
from anycost_backend.editing.composite.outline import STRANDS, distance

_ON_CLOTHES = 0.02  # of the square: so far from the parsed head it may lie on clothes
_STEADY = 0.012  # of the square: blur of the way to the nearest place that is known
_LEAST = 0.004  # of the view, below which too little is seen of it
_MOSTLY = 0.6  # share from which a pixel is a part's


def behind(image: np.ndarray, parts: Parts, reach: float) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Background and clothes of a photo as if no head were before them, float32 [S, S, 3] each; None for what is not
    seen.

    image: float32 [S, S, 3]; parts: its, of any size; both cover `reach` sides of the square"""
    side = parts.shares.shape[1]
    away = -distance(parts.together(HEAD), reach)
    background = (parts["background"] > _MOSTLY) & (away > STRANDS)
    clothes = (parts["clothes"] > _MOSTLY) & (away > _ON_CLOTHES)
    radius = 0.008 * side / reach
    known = (cv2.erode(part.astype(np.float32), disc(radius)) for part in (background, clothes))
    first, second = (_carried_on(image, part, reach) for part in known)
    return first, second


def _carried_on(image: np.ndarray, known: np.ndarray, reach: float) -> np.ndarray | None:
    """Where the image is not `known` [s, s], 0 or 1, what lies as far beyond the nearest place that is: structures and
    grain go on, mirrored. Where that is not known either, smoothly what is near."""
    if known.mean() < _LEAST:
        return None
    size = len(image)
    known = ramp(enlarged(known, size), 0.5, 1.0)
    sigma = _STEADY * size / reach
    _, labels = cv2.distanceTransformWithLabels(
        (known < 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(known >= 0.5)
    nearest = np.zeros((labels.max() + 1, 2), np.float32)
    nearest[labels[rows, columns]] = np.column_stack([columns, rows])
    line = np.arange(size, dtype=np.float32)
    here = np.stack(np.meshgrid(line, line), axis=2)
    beyond = here + 2 * cv2.GaussianBlur(nearest[labels] - here, (0, 0), sigma)
    mirrored, sure = (
        cv2.remap(array, beyond, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101) for array in (image, known)
    )
    sure = cv2.GaussianBlur(sure, (0, 0), sigma / 2) ** 2
    seen = four_planes(times(image, known) + times(mirrored, 1 - known))
    return cv2.cvtColor(spread(seen, np.maximum(known, sure * (1 - known))), cv2.COLOR_RGBA2RGB)
