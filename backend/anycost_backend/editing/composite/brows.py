"""Bolder and fainter brows: how far the photo's own differ from the skin around them."""

import cv2
import numpy as np
from anycost_models.face.masks import brows_mask

from anycost_backend.editing.composite.areas import mean_near
from anycost_backend.editing.composite.arrays import disc, in_view, ramp, resized, times
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.tints import image_of, lab_of
from anycost_backend.editing.composite.views import PhotoView

_DARKER = 4.0  # L* by which hairs of brows are darker than skin
_BLACK = 4.0, 0.25  # L* of the darkest brows, and besides, share of what they had
# In square units:
_BEYOND = 0.012  # so far from the mesh's brows the photo's may lie
_SOFT = 0.008  # sigma of their edge
_SKIN = 0.016, 0.035  # distances from brows between which skin is known
_NEAR = 0.03  # sigma within which it has one colour


def bolder(image: np.ndarray, original: PhotoView, ground: Groundwork, stops: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture [d, d, 4] with brows that differ 2^stops times as much from the skin, and how far it changes there
    [d, d], 0…1."""
    side, pixel = ground.deciding, ground.deciding / ground.reach
    brows = brows_mask(in_view(original.landmarks, side, ground.reach), side)
    soft = cv2.GaussianBlur(cv2.dilate(brows, disc(_BEYOND * pixel)), (0, 0), _SOFT * pixel)
    soft *= 1 - resized(original.parts["hair"], side)  # a fringe
    inner, outer = (cv2.dilate(brows, disc(distance * pixel)) for distance in _SKIN)
    skin = lab_of(mean_near(image, (outer - inner) * resized(original.parts["skin"], side), _NEAR * pixel))
    lab = lab_of(image)
    light = lab[:, :, :1]
    drawn = skin + (lab - skin) * np.float32(2**stops)
    if stops > 0:  # colours grow no further than the hairs are dark
        drawn[:, :, :1] = np.maximum(drawn[:, :, :1], _BLACK[0] + _BLACK[1] * light)
        drawn[:, :, 1:] = lab[:, :, 1:] * np.minimum(drawn[:, :, :1] / np.maximum(light, 1), 1)
    hairs = ramp(skin[:, :, 0] - light[:, :, 0], 0, _DARKER) * soft
    return image + times(image_of(drawn.astype(np.float32)) - image, hairs), hairs
