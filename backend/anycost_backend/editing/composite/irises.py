"""Moves irises within the lids: smaller than what the face's motion resolves."""

import cv2
import numpy as np
from anycost_models.face.landmarks import IRISES, LIDS, Landmarks
from anycost_models.face.masks import polygon_mask

from anycost_backend.editing.composite.arrays import places

_STRETCHED = 3.2  # iris radii from its centre: so far around it the white of the eye is stretched, which keeps it whole
_SOFT = 0.15  # iris radii: of the lids' edge


def iris_motion(face: Landmarks, shifts: np.ndarray, side: int, reach: float) -> np.ndarray:
    """float32 [side, side, 2], square units, to be added to a place of the moved picture for that of the photo; 0
    outside the lids.

    face: landmarks of the photo, square units; shifts: [2, 2], of the image's left and right iris"""
    here = places(side, reach)
    motion = np.zeros_like(here)
    for iris, lids, shift in zip(IRISES, LIDS, shifts, strict=True):
        centre, *rim = face.points[list(iris), :2]
        radius = float(np.linalg.norm(rim - centre, axis=1).mean())
        opening = polygon_mask(((face.points[list(lids), :2] - 0.5) / reach + 0.5) * side, side)
        opening = cv2.GaussianBlur(opening, (0, 0), max(_SOFT * radius * side / reach, 0.3))
        away = np.hypot(*cv2.split(here - (centre + shift).astype(np.float32))) / max(radius, 1e-6)
        near = np.clip((_STRETCHED - away) / (_STRETCHED - 1), 0, 1)
        weight = near * near * (3 - 2 * near) * opening
        motion -= weight[:, :, None] * shift.astype(np.float32)
    return motion
