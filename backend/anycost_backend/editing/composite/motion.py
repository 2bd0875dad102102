"""How the edit moves the face: smooth maps into photo, projection and edited drawing, from one frame that all share."""

from dataclasses import replace

import cv2
import numpy as np
from anycost_models.face.landmarks import IRISES, LEFT_EYE, LIDS, RIGHT_EYE, UPPER_LIDS, Landmarks

from anycost_backend.editing.composite.arrays import places, warp
from anycost_backend.editing.composite.eyeballs import LEAST_TURN
from anycost_backend.editing.composite.irises import iris_motion
from anycost_backend.editing.composite.splines import thin_plate
from anycost_backend.editing.composite.views import FINE, Detail

# Landmarks that an expression does not move: eyes, the nose's bridge, temples.
_STEADY = [i for i in (*LEFT_EYE, *RIGHT_EYE, 6, 168, 8, 122, 196, 188, 412, 356, 162, 234, 454) if i % 2 == 0]
# Those that glasses follow: not what moves with lids.
_SOFT = {i for group in (*IRISES, *UPPER_LIDS, *LIDS) for i in group} - {
    i for ring in LIDS for i in ring[: len(ring) // 2 + 1]
}
_RIGID = [i for i in range(468) if i not in _SOFT]
MOVED = 0.0001, 0.0006  # square units: motion that does not show, and from which on all moves with it
_SMOOTHING = 2e-3  # of the thin-plate spline: landmarks of generated faces are off by about a pixel
_EXACT = 1e-5  # the same for displacements that are known beforehand
_GRID = 33  # nodes of their field at least, each way


def motions(
    original: Landmarks,
    projected: Landmarks,
    edited: Landmarks,
    reach: float,
    side: int,
    detail: Detail,
    *,
    moving: np.ndarray | float = 1.0,
    displaced: np.ndarray | None = None,
    rigid: bool = False,
) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray | None]:
    """Maps from the common frame to the original, the projected and the edited image: three float32 [side, side, 2],
    square units. Then by how far `displaced` moves each place, float32 [side, side], square units; and by how much it
    turns irises up or down, [2, 2], square units: the maps move them as lids then.

    The frame is the original's landmarks plus the motion projected → edited: a projection whose brows lie a little off
    leaves no second brow. moving: [478], 0…1, how much of this motion the points take; 0 for all: the frame is the
    original's. displaced: [478, 2], square units, by which the points move besides. rigid: what is drawn follows no
    lids. Landmarks are in square units; the maps cover `reach` sides of the square, at whose border nothing
    moves."""

    points = [face.points[:, :2].astype(np.float64) for face in (original, projected, edited)]
    points = [_without_lids(each) for each in points] if rigid else points
    every = _RIGID[:: detail.landmarks] if rigid else np.s_[:: detail.landmarks]
    motion = np.reshape(moving, (-1, 1)) * (without_drift(points[2], points[1]) - points[1])
    common = (points[0] + motion)[every]
    offsets = np.concatenate([p[every] - common for p in points], axis=1)  # [N, 6]
    here = places(side, reach)
    if displaced is None:
        maps = _field(common, offsets, _SMOOTHING, reach, side, detail)
        return tuple(here + each for each in maps), np.zeros((side, side), np.float32), None
    rest, shifts = _without_irises(points[0], displaced.astype(np.float64))
    maps = _field(common + rest[every], offsets, _SMOOTHING, reach, side, detail)
    by = _displacement_field(points[0] + motion, rest, reach, side, detail)
    to_original, to_projected, to_edited = (here + each - by for each in maps)
    to_original, far, turns = _with_irises(original, shifts, to_original, by, reach, drawn=True)
    return (to_original, to_projected, to_edited), far, turns


def _without_lids(points: np.ndarray) -> np.ndarray:
    """The same [478, 2] with upper lids on the line from corner to corner, as if the eyes were shut."""
    shut = points.copy()
    for ring in LIDS:
        middle = len(ring) // 2
        along = np.arange(1, middle)[:, None] / middle
        shut[list(ring[1:middle])] = points[ring[0]] + along * (points[ring[middle]] - points[ring[0]])
    return shut


def displacement(
    original: Landmarks, displaced: np.ndarray, reach: float, side: int, detail: Detail
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """As `motions`, where nothing is drawn: the map to the original, by how far each place is moved, and turns."""
    points = original.points[:, :2].astype(np.float64)
    rest, shifts = _without_irises(points, displaced.astype(np.float64))
    by = _displacement_field(points, rest, reach, side, detail)
    return _with_irises(original, shifts, places(side, reach) - by, by, reach)


def _with_irises(
    original: Landmarks,
    shifts: np.ndarray,
    to_original: np.ndarray,
    by: np.ndarray,
    reach: float,
    *,
    drawn: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The map with the irises' shifts [2, 2], by how far each place is moved by all that is displaced, and the shifts
    if they are left to `eyeballs.turned`: up and down, and to the side where eyes are drawn, which do not turn."""
    far = np.hypot(*cv2.split(by))
    looks = shifts.mean(axis=0) * (drawn, True)  # both eyes: what draws them apart is no gaze
    if np.abs(looks).max() > LEAST_TURN:
        return to_original, far, shifts
    if np.abs(shifts).max() <= MOVED[0]:
        return to_original, far, None
    within = warp(iris_motion(original, shifts, len(by), reach), to_original, reach, len(by))
    return to_original + within, far + np.hypot(*cv2.split(within)), None


def _without_irises(points: np.ndarray, displaced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The displacements [478, 2] with those of the irises as their eyes move, and grow with them, and [2, 2] by how
    much the irises move besides. points: [478, 2], before"""
    rest, shifts = displaced.copy(), np.zeros((2, 2))
    for eye, (iris, lids) in enumerate(zip(IRISES, LIDS, strict=True)):
        centre, own = points[list(iris)].mean(axis=0), displaced[list(iris)]
        around = points[list(iris)] - centre
        grows = float((around * (own - own.mean(axis=0))).sum() / max(float(np.square(around).sum()), 1e-12))
        along = displaced[list(lids)].mean(axis=0) + grows * (centre - points[list(lids)].mean(axis=0))
        shifts[eye] = own.mean(axis=0) - along
        rest[list(iris)] = along + grows * around
    return rest, shifts


def _displacement_field(
    points: np.ndarray, displaced: np.ndarray, reach: float, side: int, detail: Detail
) -> np.ndarray:
    """float32 [side, side, 2]: the displacements [478, 2] at where they move the points [478, 2]. As finely in a
    preview: eyes are small, and a coarse field moves them the other way."""
    displaced, detail = displaced[:: FINE.landmarks], replace(detail, grid=max(detail.grid, _GRID))
    (by,) = _field(points[:: FINE.landmarks] + displaced, displaced, _EXACT, reach, side, detail)
    return by


def _field(
    centres: np.ndarray, values: np.ndarray, smoothing: float, reach: float, side: int, detail: Detail
) -> list[np.ndarray]:
    """Of each pair of the values [N, 2 k] at the centres [N, 2] a smooth field float32 [side, side, 2], 0 at the border
    of `reach` sides of the square."""
    edge = np.linspace(0, 1, 9)
    still = np.array([(x, y) for x in edge for y in edge if x in (0, 1) or y in (0, 1)])
    still = (still - 0.5) * reach + 0.5
    values = np.concatenate([values, np.zeros((len(still), values.shape[1]))])
    nodes = places(detail.grid, reach).reshape(-1, 2)
    field = thin_plate(np.concatenate([centres, still]), values, smoothing, nodes)
    planes = field.reshape(detail.grid, detail.grid, -1).astype(np.float32)
    pairs = (np.ascontiguousarray(planes[:, :, i : i + 2]) for i in range(0, values.shape[1], 2))
    return [cv2.resize(pair, (side, side), interpolation=cv2.INTER_CUBIC) for pair in pairs]


def without_drift(edited: np.ndarray, projected: np.ndarray) -> np.ndarray:
    """The edited landmarks [478, 2] without the drift of the whole head: after the best similarity transform of eyes
    and nose bridge to the projected ones. An edit of the face leaves the head where it is."""
    z, target = (p[_STEADY, 0] + 1j * p[_STEADY, 1] for p in (edited, projected))
    away = z - z.mean()
    turn = np.vdot(away, target - target.mean()) / np.vdot(away, away).real
    moved = turn * (edited[:, 0] + 1j * edited[:, 1] - z.mean()) + target.mean()
    return np.column_stack([moved.real, moved.imag])
