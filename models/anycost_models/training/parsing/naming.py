"""Labels of generated faces from named clusters, the matte and the face mesh: what the classifier is fitted to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np

from anycost_models.face.landmarks import LIDS, LIPS, Landmarks
from anycost_models.face.masks import eyes_mask, polygon_mask
from anycost_models.parsing.parts import PARTS

NAMES = Path(__file__).parent / "names.toml"
UNKNOWN = 255
SIDE = 128  # pixels of labels
BACKGROUND, HAIR, SKIN, EYES, MOUTH, CLOTHES, COVERING, GLASSES = (
    PARTS.index(name) for name in ("background", "hair", "skin", "eyes", "mouth", "clothes", "head_covering", "glasses")
)
# Outlines in MediaPipe's mesh.
_BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
_LENSES = (127, 162, 21, 54, 284, 251, 389, 356, 401, 177)  # round what dark glasses may cover
_DARK = 75  # levels


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """names.toml."""

    faces: int
    seed: int
    truncation: float
    clusters: int
    parts: dict[str, list[int]]
    clothes_below: list[int] = []
    dark_glasses: list[int] = []
    head_coverings: dict[int, list[tuple[float, float]]] = {}
    unsure: dict[int, list[tuple[float, float]]] = {}
    second_round: int = 0
    hats: list[int] = []
    left_out: list[int] = []


def read_names(path: Path = NAMES) -> Names:
    """Raises msgspec.ValidationError when the file does not say names."""
    return msgspec.toml.decode(path.read_bytes(), type=Names)


def named_labels(
    nearest: np.ndarray,  # [64, 64]: each place's cluster
    names: Names,
    face: int,  # its number
    image: np.ndarray,  # uint8 RGB [S, S, 3]
    person: np.ndarray,  # float32 [128, 128], the matte
    landmarks: Landmarks,  # in pixels of 128
) -> np.ndarray:
    """uint8 [128, 128]: indices in PARTS, or UNKNOWN."""
    cluster = cv2.resize(nearest.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    labels = np.full((SIDE, SIDE), UNKNOWN, np.uint8)
    for part, clusters in names.parts.items():
        labels[np.isin(cluster, clusters)] = PARTS.index(part)
    labels[(labels == BACKGROUND) & (person > 0.6)] = UNKNOWN
    labels[(labels != BACKGROUND) & (labels != UNKNOWN) & (person < 0.15)] = UNKNOWN
    labels[(labels == UNKNOWN) & (person < 0.02)] = BACKGROUND
    row = np.mgrid[:SIDE, :SIDE][0]
    below = (row > landmarks.points[152, 1] + 4) & np.isin(cluster, names.clothes_below)
    labels[(labels == UNKNOWN) & (person > 0.9) & below] = CLOTHES
    labels = _with_lips(labels, _inside(landmarks, [LIPS]))
    labels = _with_eyes(labels, _inside(landmarks, [*_BROWS, *LIDS]))
    if face in names.head_coverings:
        hat = _outline(names.head_coverings, face)
        labels[hat] = COVERING
        labels[((labels == UNKNOWN) & (row < 40)) | (_grown(hat, 5) & ~hat)] = UNKNOWN
        labels[(labels == CLOTHES) & (row < 60)] = UNKNOWN
    if face in names.unsure:
        labels[_outline(names.unsure, face) & (labels != COVERING)] = UNKNOWN
    if face in names.dark_glasses:
        grey = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).mean(2)
        around = polygon_mask(landmarks.points[list(_LENSES), :2], SIDE) > 0.5
        labels[(eyes_mask(landmarks, SIDE) > 0.5) & around & (grey < _DARK)] = GLASSES
        labels[labels == EYES] = UNKNOWN
    return labels


def own_labels(
    shares: np.ndarray,  # float32 [P, 128, 128] of the first classifier
    hat: bool,  # whether the face wears one
    person: np.ndarray,  # float32 [128, 128], the matte
    landmarks: Landmarks,  # in pixels of 128
) -> np.ndarray:
    """uint8 [128, 128]: what the first classifier is sure of and nothing speaks against; else UNKNOWN."""
    labels = shares.argmax(0).astype(np.uint8)
    labels[shares.max(0) < 0.7] = UNKNOWN
    row = np.mgrid[:SIDE, :SIDE][0]
    if hat:
        labels[np.isin(labels, (COVERING, CLOTHES)) & (row < 64) & (person > 0.5)] = COVERING
    else:
        cloth = labels == COVERING
        labels[cloth] = np.where(person > 0.7, np.where(row >= 70, CLOTHES, UNKNOWN), BACKGROUND)[cloth]
        labels[cloth & (row >= 70) & (person <= 0.7)] = UNKNOWN
        labels[(labels == CLOTHES) & (row < 70) & (person > 0.3)] = UNKNOWN
    labels[person < 0.03] = BACKGROUND
    labels[(person > 0.97) & (labels == BACKGROUND)] = UNKNOWN
    labels[(person < 0.3) & ~np.isin(labels, (BACKGROUND, HAIR))] = UNKNOWN
    lips, eyes = _inside(landmarks, [LIPS]), _inside(landmarks, [*_BROWS, *LIDS])
    labels[np.isin(labels, (MOUTH, EYES)) & ~_grown(lips | eyes, 7)] = SKIN
    labels[lips & (labels != HAIR)] = MOUTH
    labels[eyes & np.isin(labels, (SKIN, EYES))] = EYES
    return labels


def _with_lips(labels: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """The mouth where the mesh has lips; nothing is said close around them."""
    mouth = labels == MOUTH
    near = np.where(_grown(lips, 5), UNKNOWN, SKIN)
    return np.where(lips, MOUTH, np.where(mouth, near, labels)).astype(np.uint8)


def _with_eyes(labels: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Eyes and brows where the mesh has them, unless glasses or hair lie over them."""
    found, free = labels == EYES, ~np.isin(labels, (GLASSES, HAIR))
    near = np.where(_grown(eyes, 5), UNKNOWN, SKIN)
    return np.where(eyes & free, EYES, np.where(found, near, labels)).astype(np.uint8)


def _inside(landmarks: Landmarks, outlines: Sequence[Sequence[int]]) -> np.ndarray:
    masks = [polygon_mask(landmarks.points[list(outline), :2], SIDE) for outline in outlines]
    found: np.ndarray = np.maximum.reduce(masks) > 0.5
    return found


def _outline(outlines: Mapping[int, Sequence[tuple[float, float]]], face: int) -> np.ndarray:
    found: np.ndarray = polygon_mask(np.array(outlines[face], float) / 2, SIDE) > 0.5
    return found


def _grown(mask: np.ndarray, side: int) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
