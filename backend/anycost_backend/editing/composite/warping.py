"""Warps the photo alone: nothing is drawn, so that every pixel stays the photo's, but for the white of turned eyes."""

import numpy as np

from anycost_backend.editing.composite.arrays import LEAST, enlarged, ramp, warp
from anycost_backend.editing.composite.eyeballs import turned
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.motion import MOVED, displacement
from anycost_backend.editing.composite.views import Change, Detail, PhotoView


def warped(original: PhotoView, ground: Groundwork, displaced: np.ndarray, detail: Detail) -> Change:
    """The change by which the photo's landmarks move by `displaced` [478, 2], square units, and what is around goes
    along.

    ground: of the same photo and detail"""
    reach, side = original.reach, ground.deciding
    to_original, far, turns = displacement(original.landmarks, displaced, reach, ground.smooth, detail)
    may = ground.edge
    if ground.mine is not None:
        may = may * ground.mine * warp(ground.mine, to_original, reach, side)
    whole = enlarged(ramp(far, *MOVED), side) * may
    kept, nothing = np.ones((side, side), np.float32), np.zeros((*original.image.shape[:2], 4), np.float32)
    change = Change(reach, to_original, kept, nothing, np.where(whole < LEAST, 0, whole))
    return change if turns is None else turned(original, change, turns, may)
