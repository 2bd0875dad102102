"""The shape of a face, as the depths of its mesh have it, for light that falls on it."""

import cv2
import numpy as np
from anycost_models.face.landmarks import DOWN, Landmarks
from anycost_models.face.masks import face_oval_mask

from anycost_backend.editing.composite.arrays import disc, in_view, places, spread
from anycost_backend.editing.composite.splines import thin_plate

_NODES = 48  # of the grid, each way
_EVERY = 2  # n-th landmark defines the shape
_SMOOTHING = 1e-3  # of the mesh's depths
# From top to chin: share of the mesh's relief that counts, and by how much more a head bends. Else sockets and the nose
# get deep shadows long before forehead and chin differ.
_FEATURES, _HEAD = 0.6, 0.7
# In square units:
_SOFT = 0.016  # sigma of the shape
_OUTLINE = 0.03  # as far inside the face's outline the shape is not taken from the mesh: there it turns away, or folds


def relief(landmarks: Landmarks, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """The surface's normals, float32 [n, n, 2], to the picture's right and downwards, about −1…1, carried on around the
    face; and the face, float32 [n, n], 0…1. Both cover `reach` sides of the square.

    landmarks: square units"""
    points = landmarks.points[::_EVERY].astype(np.float64)
    here, pixel = places(_NODES, reach), _NODES / reach
    depths = thin_plate(points[:, :2], points[:, 2:], _SMOOTHING, here.reshape(-1, 2))
    shape = cv2.GaussianBlur(depths.reshape(_NODES, _NODES).astype(np.float32), (0, 0), _SOFT * pixel)
    down, right = np.gradient(shape, 1 / pixel)
    length = np.sqrt(right**2 + down**2 + 1)
    top, chin = (float(landmarks.points[i, 1]) for i in DOWN)
    bends = np.float32(_HEAD / max(chin - top, 1e-3)) * (here[:, :, 1] - np.float32((top + chin) / 2))
    face = face_oval_mask(in_view(landmarks, _NODES, reach), _NODES, forehead=0.0)
    known = cv2.erode((face > 0.5).astype(np.float32), disc(_OUTLINE * pixel))
    ones = np.ones_like(shape)
    normals = spread(cv2.merge([right / length, _FEATURES * down / length + bends, ones, ones]), known)[:, :, :2]
    return cv2.GaussianBlur(normals, (0, 0), _SOFT * pixel), face
