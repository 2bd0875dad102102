"""Measures the shape of a face on its mesh: widths, lengths and where the eyes look, corrected for the head's pose."""

import math

import cv2
import numpy as np

from anycost_models.face.landmarks import LIDS, Landmarks

LABELS = {  # name: unit, and meaning
    "gaze_side": "of an eye's width: the irises to the picture's right of where they'd meet the camera",
    "gaze_up": "of an eye's width: the irises above where they'd meet the camera",
    "face_width": "cheek to cheek, of the height from the nose's base to the forehead",
    "jaw_width": "between the jaw's angles, of the width from cheek to cheek",
    "chin_length": "lower lip to chin, of the distance between the eyes' outer corners",
    "nose_width": "of the distance between the eyes' outer corners",
    "nose_length": "of the distance between the eyes' outer corners",
    "lip_fullness": "height of both lips, of the distance between the eyes' outer corners",
    "eye_spacing": "between the inner corners, of the distance between the outer ones",
    "eye_size": "square root of what is seen of an eye, of the distance between the eyes",
    "mouth_width": "from corner to corner, of the distance between the eyes' outer corners",
    "brow_furrow": "how near the brows' inner ends are, of the distance between the eyes' outer corners, negative",
}

# What a turned or nodding head changes of these although the face is the same (the mesh's depths are guesses):
# per radian of yaw, of yaw², of pitch, of pitch². Fitted to 2,000 generated faces.
_POSE = {
    "gaze_side": (-0.092, 0, 0, 0),
    "gaze_up": (0, -0.059, -0.02, -0.091),
    "face_width": (0, 0.129, 0.258, -0.402),
    "jaw_width": (0, 0.018, 0.061, -0.088),
    "chin_length": (0, -0.1, 0.064, 0.057),
    "nose_width": (0, -0.11, 0.024, -0.062),
    "nose_length": (0, -0.048, -0.035, 0.309),
    "lip_fullness": (0, 0.024, -0.063, 0),
    "eye_spacing": (0, 0.057, 0.047, 0.022),
    "eye_size": (0, -0.054, -0.046, -0.083),
    "mouth_width": (0, -0.174, -0.041, -0.273),
    "brow_furrow": (0, 0.04, 0.02, 0.021),
}
_IRISES = ((468, 33, 133), (473, 362, 263))  # its centre, the eye's corners from the image's left to its right


def measure(face: Landmarks) -> dict[str, float]:
    """All of `LABELS`."""

    def length(a: int, b: int) -> float:  # with the depth, so that turning the head changes little
        return float(np.linalg.norm(face.points[a] - face.points[b]))

    eyes, height = max(length(33, 263), 1e-6), max(length(10, 2), 1e-6)
    cheeks = max(length(234, 454), 1e-6)
    side, up = np.mean([_gaze(face, *points) for points in _IRISES], axis=0)
    values = {
        "gaze_side": float(side),
        "gaze_up": float(up),
        "face_width": cheeks / height,
        "jaw_width": (length(172, 397) + length(58, 288)) / 2 / cheeks,
        "chin_length": length(17, 152) / eyes,
        "nose_width": length(129, 358) / eyes,
        "nose_length": length(168, 2) / eyes,
        "lip_fullness": (length(0, 13) + length(14, 17)) / eyes,
        "eye_spacing": length(133, 362) / eyes,
        "eye_size": _eye_size(face),
        "mouth_width": length(61, 291) / eyes,
        "brow_furrow": -length(55, 285) / eyes,
    }
    yaw, pitch, _ = (math.radians(angle) for angle in face.pose())
    for name, factors in _POSE.items():
        values[name] -= float(np.dot(factors, (yaw, yaw * yaw, pitch, pitch * pitch)))
    return values


def _eye_size(face: Landmarks) -> float:
    left, right = (face.points[list(ring)].astype(np.float32) for ring in LIDS)
    middles = left[[0, 8]].mean(axis=0), right[[0, 8]].mean(axis=0)  # between the corners of each
    apart = float(np.linalg.norm(middles[0] - middles[1]))
    areas = (cv2.contourArea(np.ascontiguousarray(ring[:, :2])) for ring in (left, right))
    return sum(math.sqrt(area) for area in areas) / 2 / max(apart, 1e-6)


def _gaze(face: Landmarks, iris: int, left: int, right: int) -> tuple[float, float]:
    """How far the iris lies to the right of and above the middle between the corners, of the eye's width."""
    a, b, centre = (face.points[i, :2].astype(np.float64) for i in (left, right, iris))
    across = b - a
    width = max(math.hypot(*across), 1e-6)
    offset = (centre - (a + b) / 2) / width
    across = across / width
    return float(offset @ across), float(-offset @ (-across[1], across[0]))
