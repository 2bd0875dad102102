"""What photo and drawing show of edges, and one of them alone."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import blur, disc, lightness, ramp

ALIKE = 12  # pixels at 1024 px: sigma within which edges count as the same
_UNSEEN = 0.04, 0.08  # deviations of the lightness by which the projection's edges may exceed the photo's


def edges(image: np.ndarray, sigma: float) -> np.ndarray:
    """[s, s, 4] → [s, s]: the deviation of the lightness from what is around. sigma: pixels"""
    light = lightness(image)
    return cv2.sqrt(blur(cv2.pow(light - blur(light, sigma), 2), sigma))


def unseen(photo: np.ndarray, projection: np.ndarray, scale: float) -> np.ndarray:
    """[s, s], 0…1: where the projection shows edges that the photo does not have, such as a nostril on the cheek of a
    head that is turned further: they can neither go nor change.

    photo, projection: [s, s, 4] in one frame; scale: 1 at 1024 px"""
    ours, theirs = (edges(image, ALIKE * scale) for image in (photo, projection))
    return blur(cv2.dilate(ramp(theirs - ours, *_UNSEEN), disc(ALIKE * scale)), ALIKE / 2 * scale)
