"""Hats and scarves: nobody's hair."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import disc, ramp

# Square units: half of a hat's breadth; how far from there it reaches; what beside it may still be the hat.
_BROAD, _REACHES, _BESIDE = 0.03, 0.06, 0.02
_SURELY = 0.5  # share below which nothing is a hat


def hat_of(covering: np.ndarray, reach: float) -> np.ndarray:
    """[s, s], 0…1: a hat or scarf and what is close to it, where the photo's pixels stay.

    covering: float32 [s, s], 0…1, the parser's share of head covering. Short hair before a bright background may have a
    rim that looks like a hat: only what is broad somewhere counts."""
    if covering.max() <= _SURELY:
        return np.zeros_like(covering)
    pixel = len(covering) / reach
    surely = ramp(cv2.morphologyEx(covering, cv2.MORPH_OPEN, disc(_BROAD * pixel)), _SURELY, 0.65)
    hat = np.minimum(ramp(covering, 0.3, 0.6), cv2.dilate(surely, disc(_REACHES * pixel)))
    return cv2.GaussianBlur(cv2.dilate(hat, disc(_BESIDE * pixel)), (0, 0), 0.008 * pixel)
