"""Warps that follow a face's own shape: eyes and mouths grow about their centres, noses along their bridge.

Those that were learned (`editing/displacements.py`) move all faces alike. These have to fit lids and irises exactly,
on every face: a circle stays one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np

from anycost_models.editing.directions import MAX_STRENGTH, Directions
from anycost_models.editing.displacements import Displacements
from anycost_models.editing.effects import EffectTable
from anycost_models.face import shape_labels
from anycost_models.face.landmarks import FACE_OVAL, IRISES, LIDS, LIPS, MOUTH_CORNERS, Landmarks

_EYE, _MOUTH = 0.13, 0.12  # by which share they grow at strength 1
_NOSE = 0.1  # of the nose's length: by so much its tip moves down
_UP, _DOWN = 0.13, 0.11  # of an eye's width: by so much irises move at strengths 1 and −1
_UPPER_LID = 0.6, 1.0  # of the irises' way up and down: so far it follows, and bares nothing when they sink
_LOWER_LID = 0.35
_AROUND_EYE, _AROUND_MOUTH = 0.55, 0.55  # of their width: over so much the motion around them fades
_BRIDGE, _BASE, _UPPER_LIP = 168, 2, 0  # landmarks on the nose's line, and below
_WINGS = (129, 358)
_BEGINS, _WHOLE = 0.15, 0.8  # of the nose's length from the bridge: between, it moves ever more
_ASIDE = 2.4  # of half the nose's width from its line: there, nothing moves beside its base; nearer, further up
_MOST_SHUT = 0.6  # of what an eye is open: so much of it closes at most, or lids would cross
_MAX_COUNTER = 1.2  # strength
_OUTLINE = 0.05  # of the square: over so much a motion fades towards the face's outline


def _eye_size(points: np.ndarray, multiple: float) -> np.ndarray:
    moved = np.zeros_like(points)
    for ring, iris in zip(LIDS, IRISES, strict=True):
        lids = points[list(ring)]
        weight = _fading(_outside(lids, points) / (_AROUND_EYE * _eye_width(points)))
        weight[list(iris)] = 1  # of half-closed eyes, too
        moved += multiple * _EYE * weight[:, None] * (points - lids.mean(axis=0))
    return moved


def _mouth_width(points: np.ndarray, multiple: float) -> np.ndarray:
    corners = points[list(MOUTH_CORNERS)]
    across = corners[1] - corners[0]
    width = max(float(np.hypot(*across)), 1e-6)
    across = across / width
    weight = _fading(_outside(points[list(LIPS)], points) / (_AROUND_MOUTH * width)) * _within_outline(points)
    along = (points - corners.mean(axis=0)) @ across
    return multiple * _MOUTH * (weight * along)[:, None] * across


def _nose_length(points: np.ndarray, multiple: float) -> np.ndarray:
    down = points[_BASE] - points[_BRIDGE]
    length = max(float(np.hypot(*down)), 1e-6)
    down = down / length
    aside = np.array([-down[1], down[0]])
    from_bridge = points - points[_BRIDGE]
    along, off = from_bridge @ down / length, np.abs(from_bridge @ aside)
    wings = max(float(np.hypot(*(points[_WINGS[1]] - points[_WINGS[0]]))) / 2, 1e-6)
    lip = max(float((points[_UPPER_LIP] - points[_BRIDGE]) @ down) / length, 1.1)
    grows = 1 - _fading((along - _BEGINS) / (_WHOLE - _BEGINS))
    ends = _fading((along - 1) / (lip - 1))
    aside_ends = _fading((off / wings - 1) / ((_ASIDE - 1) * np.clip(along, 0.3, 1)))
    return multiple * _NOSE * length * (grows * ends * aside_ends)[:, None] * down


def _gaze_up(points: np.ndarray, multiple: float) -> np.ndarray:
    moved = np.zeros_like(points)
    way, upper = (_UP, _UPPER_LID[0]) if multiple > 0 else (_DOWN, _UPPER_LID[1])
    for ring, iris in zip(LIDS, IRISES, strict=True):
        up, above, weight = _lids(points, ring)
        weight = np.where(above > 0, upper, _LOWER_LID) * weight
        weight[list(iris)] = 1
        moved += way * multiple * _eye_width(points) * weight[:, None] * up
    return moved


# Attribute → of landmarks of a face [478, 2], square units, and a multiple of the step, by how far each moves [478, 2].
SHAPE_WARPS: Mapping[str, Callable[[np.ndarray, float], np.ndarray]] = MappingProxyType(
    {"eye_size": _eye_size, "mouth_width": _mouth_width, "nose_length": _nose_length, "gaze_up": _gaze_up}
)


def displaced(
    strengths: Mapping[str, float],
    directions: Directions,
    effects: EffectTable,
    displacements: Displacements,
    face: np.ndarray,
) -> np.ndarray | None:
    """float32 [478, 2], square units: by how far these strengths move the points of a face; None: none does.

    face: [478, 2], square units: its landmarks"""

    def step(name: str, multiple: float) -> np.ndarray:
        if name in SHAPE_WARPS:
            return SHAPE_WARPS[name](face, multiple).astype(np.float32)
        return np.float32(multiple) * displacements[name]

    steps = [
        step(name, directions.direction(name).multiple(strength) * effects.warp(name))
        for name, strength in strengths.items()
        if strength and effects.warp(name)
    ]
    if not steps:
        return None
    total = sum(steps[1:], steps[0])
    return total + _apart(face, total)


def holding(
    held: Collection[str],
    strengths: Mapping[str, float],
    before: Landmarks,
    after: Landmarks,
    moving: np.ndarray | float,
    directions: Directions,
    effects: EffectTable,
) -> dict[str, float]:
    """The strengths, −2…2, with which those of the held attributes that are warps of this module keep their labels, if
    something else moves a face's landmarks from `before` to `after`, or so far as `moving`, [478], 0…1, says.

    strengths: of the edit, which they are to show. How far a warp moves a label is asked of the landmarks as well: the
    mesh, by which `effects` says what strengths promise, sees a half of what warps do to eyes, a tenth of a gaze."""
    names = [name for name in held if name in SHAPE_WARPS and effects.warp(name)]
    if not names:
        return {}

    def labels(points: np.ndarray) -> dict[str, float]:
        return shape_labels.measure(replace(after, points=points))

    points = before.points + np.reshape(moving, (-1, 1)) * (after.points - before.points)
    was, now = labels(before.points), labels(points)
    found = {}
    for name in names:
        missing = was[name] - now[name]
        sense, warped = (1 if missing > 0 else -1), points.copy()
        multiple = directions.direction(name).multiple(sense) * effects.warp(name)
        warped[:, :2] += SHAPE_WARPS[name](points[:, :2].astype(np.float64), multiple)
        by = max(sense * (labels(warped)[name] - now[name]), 1e-6)  # of strength 1
        counter = np.clip(missing / by, -_MAX_COUNTER, _MAX_COUNTER)
        found[name] = float(np.clip(strengths.get(name, 0.0) + counter, -MAX_STRENGTH, MAX_STRENGTH))
    return found


def _apart(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """float32 [478, 2]: what keeps lids from closing further than `_MOST_SHUT`. moved: [478, 2], what moves them"""
    apart = np.zeros_like(points)
    for ring in LIDS:
        up, above, weight = _lids(points, ring)
        half = len(ring) // 2
        upper, lower = list(ring[1:half]), list(ring[half + 1 :])

        def gap(heights: np.ndarray, upper: list[int] = upper, lower: list[int] = lower) -> float:
            return float(heights[upper].mean() - heights[lower].mean())

        closes = -gap(moved @ up) - _MOST_SHUT * max(gap(above), 0.0)
        if closes > 0:
            opens = np.where(above > 0, 0.5, -0.5) * weight
            apart += closes / max(gap(opens), 0.2) * opens[:, None] * up
    return apart.astype(np.float32)


def _lids(points: np.ndarray, ring: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of an eye: which way is up, [2]; how far the points [478, 2] are above its corners, [478]; and how far they go
    along with its lids, [478], 0…1: its corners do not. ring: its lids' contour, from corner to corner"""
    lids, half = points[list(ring)], len(ring) // 2
    across = lids[half] - lids[0]  # one way or the other
    width = max(float(np.hypot(*across)), 1e-6)
    across = across * np.sign(across[0] or 1) / width
    up = np.array([across[1], -across[0]])
    from_middle = points - (lids[0] + lids[half]) / 2
    along = 2 * from_middle @ across / width
    weight = np.clip(1 - along**4, 0, 1)
    near = np.flatnonzero(weight)
    weight[near] *= _fading(_outside(lids, points[near]) / (_AROUND_EYE * width))
    return up, from_middle @ up, weight


def _fading(share: np.ndarray) -> np.ndarray:
    """1 up to 0, 0 from 1 on, smooth between them."""
    rest = np.clip(1 - share, 0, 1)
    faded: np.ndarray = rest * rest * (3 - 2 * rest)
    return faded


def _outside(ring: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How far points [N, 2] are outside a closed contour [M, 2]; 0 within."""
    outline = ring.astype(np.float32)
    return np.array([max(-cv2.pointPolygonTest(outline, point, True), 0.0) for point in points.astype(np.float32)])


def _within_outline(points: np.ndarray) -> np.ndarray:
    """0 on the face's outline and beyond, 1 well inside."""
    outline = points[list(FACE_OVAL)].astype(np.float32)
    inside = [cv2.pointPolygonTest(outline, point, True) for point in points.astype(np.float32)]
    return np.clip(np.array(inside) / _OUTLINE, 0, 1)


def _eye_width(points: np.ndarray) -> float:
    """Of the eye that is seen the wider: a turned face shows the other one narrower."""
    return max(max(float(np.hypot(*(points[ring[len(ring) // 2]] - points[ring[0]]))) for ring in LIDS), 1e-6)
