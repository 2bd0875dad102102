"""Measures hair: its colours, length, volume, curl, a fringe, and where there is none."""

import math

import cv2
import numpy as np

from anycost_models.face.landmarks import DOWN, Landmarks
from anycost_models.face.masks import face_oval_mask

LABELS = {  # name: unit, and meaning
    "hair_lightness": "L* 0…100",
    "hair_blond": "L* · b* / 50: light and yellow at once",
    "hair_red": "a*: green to red",
    "hair_grey": "L* − 2.5 chroma: light and without colour",
    "hair_length": "0…1: share of the places beside jaw and neck that have the hair's colour",
    "hair_volume": "area above the mouth, of the face's area",
    "hair_curl": "0…1: how much the strands' directions differ from place to place",
    "fringe": "0…1: how far the forehead has the hair's colour rather than the cheeks'",
    "baldness": "0…1: how far the top of the head has the cheeks' colour rather than the hair's",
}


def measure(lab: np.ndarray, person: np.ndarray, face: Landmarks, skin: np.ndarray) -> dict[str, float]:
    """All of `LABELS`; NaN where there is too little to see.

    lab: float32 [S, S, 3], L* a* b*; person: the matte, 0…1 [S, S]; face: in its pixels; skin: L* a* b* of the cheeks
    """
    size = lab.shape[0]
    oval = face_oval_mask(face, size) > 0.5
    across, up = _face_coordinates(face, size)
    beyond = (person > 0.5) & ~oval
    hair = beyond & (up > 0.1)
    values = dict.fromkeys(LABELS, math.nan)
    values["hair_volume"] = float((person * ~oval * (up > 0.3)).sum() / max(oval.sum(), 1))
    sides = beyond & (up > 0.45) & (up < 1.1)
    if hair.sum() < 0.01 * size * size or sides.sum() < 40:
        return values
    light, a, b = np.median(lab[hair], axis=0)
    chroma = math.hypot(a, b)
    values |= {
        "hair_lightness": light,
        "hair_blond": light * b / 50,
        "hair_red": a,
        "hair_grey": light - 2.5 * chroma,
        "hair_curl": curl(lab[:, :, 0], hair),
    }
    own = np.median(lab[sides], axis=0)
    values["hair_length"] = _length(lab, person, oval, across, up, own)
    towards_hair = own - skin
    contrast = float(towards_hair @ towards_hair)
    if contrast > 100:  # ten units of ΔE: less, and nothing tells hair from skin

        def hairy(where: np.ndarray) -> float:
            return (
                float(np.clip((lab[where] - skin) @ towards_hair / contrast, 0, 1).mean()) if where.any() else math.nan
            )

        values["fringe"] = hairy(oval & (up > 0.86) & (np.abs(across) < 0.35))
        values["baldness"] = 1 - hairy((person > 0.5) & (up > 1.18) & (up < 1.4) & (np.abs(across) < 0.3))
    return {name: float(value) for name, value in values.items()}


def _face_coordinates(face: Landmarks, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel, in heights of the face: to the right of its middle line; up from the chin (mid-forehead: 1)."""
    top, chin = (face.points[i, :2].astype(np.float64) for i in DOWN)
    height = max(float(np.hypot(*(top - chin))), 1e-6)
    up = (top - chin) / height
    y, x = np.mgrid[0:size, 0:size] + 0.5
    dx, dy = (x - chin[0]) / height, (y - chin[1]) / height
    return dx * -up[1] + dy * up[0], dx * up[0] + dy * up[1]


def _length(
    lab: np.ndarray, person: np.ndarray, oval: np.ndarray, across: np.ndarray, up: np.ndarray, own: np.ndarray
) -> float:
    where = ~oval & (up < 0.3) & (np.abs(across) > 0.33) & (np.abs(across) < 0.75)
    if not where.any():
        return math.nan
    alike = np.exp(-(((lab[where] - own) / (20, 10, 10)) ** 2).sum(axis=1) / 2)
    return float((alike * person[where]).mean())


def curl(light: np.ndarray, hair: np.ndarray) -> float:
    """0…1 of L* [S, S] inside a mask, bool [S, S]: 1 − coherence of the structure tensor over six pixels, where there
    are strands to see."""
    dx, dy = cv2.Scharr(light, -1, 1, 0) / 32, cv2.Scharr(light, -1, 0, 1) / 32
    inside = cv2.erode(hair.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if inside.sum() < 100:
        return math.nan
    xx, xy, yy = (cv2.GaussianBlur(product * inside, (0, 0), 6) for product in (dx * dx, dx * dy, dy * dy))
    energy = xx + yy
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (energy + 1e-3)
    weight = np.sqrt(energy) * inside
    return float(1 - (coherence * weight).sum() / max(weight.sum(), 1e-6))
