"""Greys the photo's own hair: the generator greys dark hair to blue, and black hair not at all."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import LEAST, enlarged, four_planes, places, ramp, resized
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.views import Change, PhotoView

_PALES = 0.45  # share of its colour that hair loses
_LIGHTENS = 14.0  # L*: by so much black hair gets lighter, white hair not at all
_SURELY = 0.5, 0.95  # shares of a pixel that are hair, from which on it is recoloured a little, and wholly


def greyed(original: PhotoView, ground: Groundwork, amount: float) -> Change:
    """The photo's hair in grey. ground: of the region "hair"; amount: above 0, 1: as the attribute promises"""
    reach, side = original.reach, ground.deciding
    lab = cv2.cvtColor(cv2.cvtColor(ground.photo, cv2.COLOR_RGBA2RGB), cv2.COLOR_RGB2Lab)
    lab[:, :, 0] += np.float32(_LIGHTENS * amount) * (1 - lab[:, :, 0] / 100)
    lab[:, :, 1:] *= np.float32(max(1 - _PALES * amount, 0))
    grey = four_planes(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1))
    hair = ramp(enlarged(ground.there["hair"], side), *_SURELY) * ground.edge
    if ground.mine is not None:
        hair *= ground.mine
    added = resized(grey - ground.photo, len(original.image))
    kept = np.ones((side, side), np.float32)
    return Change(reach, places(ground.smooth, reach), kept, added, np.where(hair < LEAST, 0, hair))
