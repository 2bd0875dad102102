"""How the edit moves the face: smooth maps into photo, projection and edited drawing, from one frame that all share."""

import cv2
import numpy as np
from anycost_models.face.landmarks import LEFT_EYE, RIGHT_EYE, Landmarks
from scipy.interpolate import RBFInterpolator

from anycost_backend.editing.composite.arrays import places
from anycost_backend.editing.composite.views import Detail

# Landmarks that an expression does not move: eyes, the nose's bridge, temples.
_STEADY = [i for i in (*LEFT_EYE, *RIGHT_EYE, 6, 168, 8, 122, 196, 188, 412, 356, 162, 234, 454) if i % 2 == 0]
_SMOOTHING = 1e-3  # of the thin-plate spline: landmarks of generated faces are off by about a pixel


def motions(
    original: Landmarks, projected: Landmarks, edited: Landmarks, reach: float, side: int, detail: Detail
) -> tuple[np.ndarray, ...]:
    """Maps from the common frame to the original, the projected and the edited image: three float32 [side, side, 2],
    square units.

    The frame is the original's landmarks plus the motion projected → edited: a projection whose brows lie a little off
    leaves no second brow. Landmarks are in square units; the maps cover `reach` sides of the square, at whose border
    nothing moves."""
    points = [face.points[:, :2].astype(np.float64) for face in (original, projected, edited)]
    common = (points[0] + _without_drift(points[2], points[1]) - points[1])[:: detail.landmarks]
    edge = np.linspace(0, 1, 9)
    still = np.array([(x, y) for x in edge for y in edge if x in (0, 1) or y in (0, 1)])
    still = (still - 0.5) * reach + 0.5
    offsets = np.concatenate([p[:: detail.landmarks] - common for p in points], axis=1)  # [N, 6]
    spline = RBFInterpolator(
        np.concatenate([common, still]),
        np.concatenate([offsets, np.zeros((len(still), 6))]),
        kernel="thin_plate_spline",
        smoothing=_SMOOTHING,
    )
    nodes = places(detail.grid, reach).reshape(-1, 2)
    field = spline(nodes).reshape(detail.grid, detail.grid, 3, 2).astype(np.float32)
    here = places(side, reach)
    return tuple(here + cv2.resize(field[:, :, i], (side, side), interpolation=cv2.INTER_CUBIC) for i in range(3))


def _without_drift(edited: np.ndarray, projected: np.ndarray) -> np.ndarray:
    """The edited landmarks [478, 2] without the drift of the whole head: after the best similarity transform of eyes
    and nose bridge to the projected ones. An edit of the face leaves the head where it is."""
    z, target = (p[_STEADY, 0] + 1j * p[_STEADY, 1] for p in (edited, projected))
    away = z - z.mean()
    turn = np.vdot(away, target - target.mean()) / np.vdot(away, away).real
    moved = turn * (edited[:, 0] + 1j * edited[:, 1] - z.mean()) + target.mean()
    return np.column_stack([moved.real, moved.imag])
