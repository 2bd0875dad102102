"""Wrinkles, spots and folds of the photo's own skin: what is darker or lighter than the skin around it."""

import numpy as np

from anycost_backend.editing.composite.arrays import blur, resized
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.tints import image_of, lab_of

_WIDE = 0.018  # square units: sigma of the skin around
_DEEP = 14.0  # L*: what is darker by more is no wrinkle, and gets no lighter than one
_LIGHT = 0.5  # of what is lighter, so much counts
_LEAST = 0.05  # share of skin below which nothing is known of it


def smoothed(image: np.ndarray, ground: Groundwork, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture [d, d, 4] with less wrinkles, and how far it may change there [d, d], 0…1.

    ground: of the region "skin"; share: of wrinkles that goes, up to 1; below 0: by so much they deepen"""
    side, reach = ground.deciding, ground.reach
    if ground.bare_skin is None:
        raise ValueError("the groundwork is not of skin")
    skin = resized(ground.bare_skin, side)
    lab = lab_of(image)
    light = lab[:, :, 0]
    sigma = _WIDE * side / reach
    around = blur(light * skin, sigma) / np.maximum(blur(skin, sigma), _LEAST)
    apart = light - around
    lines = np.where(apart < 0, np.maximum(apart, -_DEEP), _LIGHT * apart)
    lab[:, :, 0] = np.clip(light - np.float32(share) * lines * skin, 0, 100)
    return image_of(lab), skin
