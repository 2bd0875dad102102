"""Measures what lies on a face's skin: its colours and grain, make-up, brows, beard, glasses, and the light on it."""

import math

import cv2
import numpy as np

from anycost_models.face.landmarks import BRIDGE, CHEEKS, LIPS, MOUTH, UPPER_LIDS, Landmarks
from anycost_models.face.masks import BROWS, polygon_mask

LABELS = {  # name: unit, and meaning
    "glasses": "edges below and between the eyes against those of the cheeks, in L* per pixel",
    "dark_lenses": "how much darker than the cheeks the places around the eyes are, in L*",
    "lens_tint": "how much darker than the cheeks the skin just below the eyes is, in L*",
    "skin_lightness": "L* 0…100",
    "skin_warmth": "b* of the cheeks: blue to yellow",
    "skin_smoothness": "fine unevenness of the cheeks, in L*, negative",
    "blush": "a* of the cheeks less that of the forehead and chin",
    "lip_colour": "a* of the lips less that of the cheeks: how much redder",
    "eye_makeup": "lids darker than the cheeks, in L*",
    "brow_boldness": "brows darker than the forehead, in L*",
    "beard": "chin and jaw darker and rougher than the cheeks, in L*",
    "moustache": "upper lip darker and rougher than the cheeks, in L*",
    "light_side": "the picture's right cheek lighter than the left one, in L*",
    "light_above": "brow and bridge of the nose lighter than what is below the lips, in L*",
}

# Polygons on the mesh; for pairs the image's left one, the right one mirrored.
_BELOW_EYES = (
    (111, 228, 229, 230, 231, 232, 128, 47, 100, 101, 50),
    (340, 448, 449, 450, 451, 452, 357, 277, 329, 330, 280),
)
_BELOW_LIDS = (  # what the smallest lenses cover
    (25, 110, 24, 23, 22, 26, 231, 230, 229, 228),
    (255, 339, 254, 253, 252, 256, 451, 450, 449, 448),
)
_CHIN = (106, 182, 83, 18, 313, 406, 335, 424, 431, 262, 428, 199, 208, 32, 211, 204)
_JAW = (
    (138, 135, 169, 170, 140, 171, 148, 176, 149, 150, 136, 172),
    (367, 364, 394, 395, 369, 396, 377, 400, 378, 379, 365, 397),
)
_UPPER_LIP = (165, 167, 164, 393, 391, 322, 270, 269, 267, 0, 37, 39, 40, 92)
_FOREHEAD = (104, 69, 108, 151, 337, 299, 333, 334, 296, 336, 9, 107, 66, 105)


def measure(lab: np.ndarray, face: Landmarks) -> tuple[dict[str, float], np.ndarray]:
    """All of `LABELS`, NaN where a region is turned away; and L* a* b* of the cheeks.

    lab: float32 [S, S, 3], L* a* b*; face: in its pixels"""
    xy, size = face.points[:, :2], lab.shape[0]

    def inside(*polygons: tuple[int, ...]) -> np.ndarray:
        return np.maximum.reduce([polygon_mask(xy[list(polygon)], size) for polygon in polygons]) > 0.5

    left, right = (inside(polygon) for polygon in CHEEKS)
    cheeks, lips, brows = left | right, inside(LIPS) & ~inside(MOUTH), inside(*BROWS)
    chin, jaw, upper_lip = inside(_CHIN), inside(*_JAW), inside(_UPPER_LIP)
    forehead = inside(_FOREHEAD) & ~brows
    light = lab[:, :, 0]
    edges = np.hypot(cv2.Scharr(light, -1, 1, 0), cv2.Scharr(light, -1, 0, 1)) / 32
    rough = np.abs(light - cv2.GaussianBlur(light, (0, 0), 2))
    skin, brow_skin, below = _median(lab, cheeks), _median(lab, forehead), _median(lab, chin)
    rims = (_mean(edges, inside(*_BELOW_EYES)) + _mean(edges, inside(BRIDGE))) / 2
    grain = _mean(rough, cheeks)
    values = {
        "glasses": rims - _mean(edges, cheeks),
        "dark_lenses": skin[0] - _median(lab, inside(*_BELOW_EYES))[0],
        "lens_tint": skin[0] - _median(lab, inside(*_BELOW_LIDS))[0],
        "skin_lightness": skin[0],
        "skin_warmth": skin[2],
        "skin_smoothness": -_median(rough, cheeks),  # a fringe may lie on the forehead
        "blush": skin[1] - (brow_skin[1] + below[1]) / 2,
        "lip_colour": _median(lab, lips)[1] - skin[1],
        "eye_makeup": skin[0] - _median(lab, inside(*UPPER_LIDS))[0],
        "brow_boldness": brow_skin[0] - _median(lab, brows)[0],
        "beard": skin[0] - (below[0] + _median(lab, jaw)[0]) / 2 + 4 * (_mean(rough, chin | jaw) - grain),
        "moustache": skin[0] - _median(lab, upper_lip)[0] + 4 * (_mean(rough, upper_lip) - grain),
        "light_side": _median(lab, right)[0] - _median(lab, left)[0],
        "light_above": (brow_skin[0] + _median(lab, inside(BRIDGE))[0]) / 2 - below[0],
    }
    return {name: float(value) for name, value in values.items()}, skin


def _median(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Per channel of [S, S, …]; NaN where the region is empty, as when it is turned away."""
    return np.median(values[where], axis=0) if where.any() else np.full(values.shape[2:], np.nan)


def _mean(values: np.ndarray, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.any() else math.nan
