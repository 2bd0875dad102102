"""What lies behind a new head: the photo's own background and clothes, or a drawn neck."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import blur, enlarged, ramp, times
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.head_parts import Planes

_NEAR = 0.03  # square units: how far what is beside a head says what is behind it
_LAYERS = ("background", "clothes", "neck")


def behind_head(ground: Groundwork, drawn: np.ndarray, has: Planes) -> np.ndarray:
    """[d, d, 4]: what is behind the new head.

    Which layer, what the photo shows close by says; far from that, the drawing. drawn: [d, d, 4], the drawing in the
    photo's colours: for necks, and what the photo shows nothing of; has: its parts"""
    sigma, size = _NEAR * ground.smooth / ground.reach, len(drawn)
    near, sure = _beside_head(ground.there, sigma)
    far, _ = _beside_head(has, sigma)
    sure = ramp(sure, 0.02, 0.1)
    shares = [mine * sure + theirs * (1 - sure) for mine, theirs in zip(near, far, strict=True)]
    # A little of another layer is doubt, and would tint.
    cubes = [share * share * share for share in shares]
    per_cube = 1 / np.maximum(cubes[0] + cubes[1] + cubes[2], 1e-6)
    shown = np.zeros_like(drawn)
    for picture, cube in zip((ground.background, ground.clothes, None), cubes, strict=True):
        shown += times(drawn if picture is None else picture, enlarged(cube * per_cube, size))
    return shown


def _beside_head(parts: Planes, sigma: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Shares [s, s] of background, clothes and neck among them, which go on where the head is; and how much of them is
    near, 0…1. sigma: pixels"""
    shares = [parts[name] for name in _LAYERS]
    known = np.clip(shares[0] + shares[1] + shares[2], 0, 1)
    *soft, near = cv2.split(blur(cv2.merge([*shares, known]), sigma))
    gaps = (1 - known) / np.maximum(near, 1e-3)
    return [share + gaps * each for share, each in zip(shares, soft, strict=True)], near
