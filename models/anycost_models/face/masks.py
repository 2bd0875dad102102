"""Soft masks of an aligned face: what is around the eyes, the face's oval, the person, and what we take for hair where
nothing is parsed.

All are float32 [S, S] in 0…1 for a crop of S×S pixels, with the landmarks in that crop's pixels.
"""

import cv2
import numpy as np

from anycost_models.core.images import to_unit_float
from anycost_models.face.landmarks import DOWN, FACE_OVAL, LIPS, Landmarks
from anycost_models.inference.onnx_network import Network

BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
_UNDER_NOSE = (93, 203, 98, 2, 327, 423, 323)  # from ear to ear
_OVER_BROWS = (70, 105, 107, 336, 334, 300)
_MATTE_SIZE = 256  # pixels: the side of the matte network's input


def face_oval(landmarks: Landmarks, forehead: float = 0.25) -> np.ndarray:
    """The face's outline, [36, 2] in pixels. The mesh ends at mid-forehead: `forehead` (of its height) goes on top."""
    outline = landmarks.points[list(FACE_OVAL), :2].astype(np.float64)
    top, chin = (landmarks.points[i, :2].astype(np.float64) for i in DOWN)
    up = top - chin
    height = max(float(np.hypot(*up)), 1e-6)
    up /= height
    eyes = np.mean(landmarks.eyes(), axis=0)
    above = np.maximum((outline - eyes) @ up, 0)  # stretched from the eyes upwards, so that the temples stay smooth
    return outline + np.outer(above * forehead * height / max(float(above.max()), 1e-6), up)


def face_oval_mask(landmarks: Landmarks, size: int, forehead: float = 0.25) -> np.ndarray:
    """The inside of `face_oval`, its edge antialiased but not feathered."""
    return polygon_mask(face_oval(landmarks, forehead), size)


def eyes_mask(landmarks: Landmarks, size: int) -> np.ndarray:
    """A band across the face, from just above the brows to the cheeks: where glasses are, and their sides."""
    points = landmarks.points[:, :2].astype(np.float64)
    top, chin = (points[i] for i in DOWN)
    height = max(float(np.hypot(*(top - chin))), 1e-6)
    up = (top - chin) / height
    across = np.array([-up[1], up[0]])
    eyes = np.mean(landmarks.eyes(), axis=0)
    outline = (points[list(FACE_OVAL)] - eyes) @ across
    left, right = outline.min(), outline.max()
    above = ((points[list(_OVER_BROWS)] - eyes) @ up).max() + 0.02 * height
    below = -0.27 * height
    corners = [(left, above), (right, above), (right, below), (left, below)]
    return polygon_mask(np.array([eyes + x * across + y * up for x, y in corners]), size)


def jaw_mask(landmarks: Landmarks, size: int) -> np.ndarray:
    """What of the face lies below the nose: the mouth, the chin."""
    line = landmarks.points[list(_UNDER_NOSE), :2].astype(np.float64)
    top, chin = (landmarks.points[i, :2].astype(np.float64) for i in DOWN)
    below = line[[-1, 0]] + 2 * (chin - top)
    return polygon_mask(np.concatenate([line, below]), size) * face_oval_mask(landmarks, size)


def lips_mask(landmarks: Landmarks, size: int) -> np.ndarray:
    """The lips and what is between them, [S, S], 0…1."""
    return polygon_mask(landmarks.points[list(LIPS), :2], size)


def brows_mask(landmarks: Landmarks, size: int) -> np.ndarray:
    """Both brows, [S, S], 0…1."""
    return np.maximum.reduce([polygon_mask(landmarks.points[list(brow), :2], size) for brow in BROWS])


def polygon_mask(outline: np.ndarray, size: int) -> np.ndarray:
    """The inside of a polygon [N, 2] in pixels (continuous coordinates), antialiased."""
    bits = 6  # OpenCV takes fractions of a pixel as integers
    corners = np.round((np.clip(outline, -4 * size, 5 * size) - 0.5) * (1 << bits)).astype(np.int32)
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, bits)
    return to_unit_float(mask)


def matte(crop: np.ndarray, network: Network) -> np.ndarray:
    """The person in an uint8 RGB crop [S, S, 3], 0…1 [S, S], by the catalogue's "selfie_matte" network."""
    size = crop.shape[0]
    shrinks = size > _MATTE_SIZE
    small = cv2.resize(crop, (_MATTE_SIZE, _MATTE_SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    person = network(to_unit_float(small[None]))[0].reshape(_MATTE_SIZE, _MATTE_SIZE)
    return cv2.resize(person, (size, size), interpolation=cv2.INTER_LINEAR if shrinks else cv2.INTER_AREA).clip(0, 1)


def hair_of_matte(person: np.ndarray, landmarks: Landmarks) -> np.ndarray:
    """The person [S, S], less the face, above the chin: hair, with ears and hats, where nothing is parsed."""
    size = person.shape[0]
    over_chin = np.clip(_over_chin(landmarks, _pixels(size)) / 0.1 - 0.5, 0, 1)
    return person * (1 - face_oval_mask(landmarks, size)) * over_chin


def _over_chin(landmarks: Landmarks, points: np.ndarray) -> np.ndarray:
    """float32: how high over the chin (0) points [..., 2] in pixels lie, mid-forehead being 1."""
    top, chin = (landmarks.points[i, :2].astype(np.float64) for i in DOWN)
    height = max(float(np.hypot(*(top - chin))), 1e-6)
    up = ((top - chin) / height**2).astype(np.float32)
    return (points - chin.astype(np.float32)) @ up


def _pixels(size: int) -> np.ndarray:
    """float32 [S, S, 2], x and y: the middle of each."""
    line = np.arange(size, dtype=np.float32) + 0.5
    return np.stack(np.meshgrid(line, line), axis=2)
