"""Where a projection draws a face beside the photo's: of a head that is turned further than the generator knows."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import disc, places, ramp
from anycost_backend.editing.composite.head_parts import Planes

# Square units: half the breadth of what counts, less is an outline that lies a little off; what is around it.
_BROAD, _AROUND = 0.02, 0.03
_ANOTHER = (0.004, 0.012)  # of the square: from which on the head is a little, and wholly another one


def astray_of(was: Planes, had: Planes, reach: float) -> tuple[np.ndarray, float]:
    """float32 [s, s], 0…1: where the projection's face lies on the photo's background, and what is close to it: no edit
    of it belongs there. And 0…1: how far the projection's outline says nothing of the photo's, because of that.

    was, had: parts of photo and projection in one frame"""
    face = had.head - had["hair"] - had["glasses"] - had["head_covering"]
    pixel = len(face) / reach
    beside = np.minimum(face, was["background"])
    beside[np.abs(places(len(face), reach) - 0.5).max(axis=2) > 0.5] = 0  # there, nothing is drawn
    broad = cv2.morphologyEx(ramp(beside, 0.4, 0.8), cv2.MORPH_OPEN, disc(_BROAD * pixel))
    if not broad.any():
        return broad, 0.0
    whole = np.minimum(cv2.dilate(broad, disc(4 * _BROAD * pixel)), ramp(beside, 0.1, 0.3))
    another = float(ramp(whole.mean() * reach**2, *_ANOTHER))
    return cv2.GaussianBlur(cv2.dilate(whole, disc(_AROUND * pixel)), (0, 0), _AROUND / 2 * pixel), another
