"""Glasses that the photo shows: where they are, and what would stay of them when they are taken off."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import blur, disc, enlarged, lightness, ramp
from anycost_backend.editing.composite.edges import ALIKE, edges

_RIMS = 0.01, 0.03  # deviations of the lightness by which the photo's edges exceed the drawing's where a rim is left
_EYE = 30  # pixels at 1024 px: half the breadth of an eye
_DARK_LENS = 0.12, 0.2  # by which a lens is darker than the skin and the eye that are drawn


def frames(glasses: np.ndarray, reach: float) -> np.ndarray:
    """[s, s], 0…1: the photo's glasses with their edges."""
    pixel = len(glasses) / reach
    return cv2.GaussianBlur(cv2.dilate(ramp(glasses, 0.2, 0.5), disc(0.008 * pixel)), (0, 0), 0.004 * pixel)


def left_of_glasses(
    was: np.ndarray, had: np.ndarray, photo: np.ndarray, edited: np.ndarray, scale: float
) -> np.ndarray:
    """[d, d], 0…1: where the photo's glasses would show through a drawing without: rims unlike the projection's, and
    lenses with the eyes behind them that are darker.

    was, had: shares of glasses in photo and projection, [s, s]; photo, edited: [d, d, 4]; scale: 1 at 1024 px"""
    near = disc(ALIKE * scale)
    worn = cv2.dilate(enlarged(ramp(np.maximum(was, had), 0.2, 0.5), len(photo)), near)
    lenses = cv2.morphologyEx(worn, cv2.MORPH_CLOSE, disc(_EYE * scale))
    ours, theirs = (edges(image, ALIKE * scale) for image in (photo, edited))
    rims = cv2.dilate(ramp(ours - theirs, *_RIMS), near)
    darker = blur(lightness(edited) - lightness(photo), _EYE * scale)
    return blur(np.maximum(worn * rims, lenses * ramp(darker, *_DARK_LENS)), ALIKE / 2 * scale)
