"""What lies behind a new head: the photo's own background and clothes, or a drawn neck."""

import numpy as np

from anycost_backend.editing.composite.arrays import enlarged, ramp, times
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.head_parts import Planes
from anycost_backend.editing.composite.outline import beside_head


def behind_head(ground: Groundwork, drawn: np.ndarray, has: Planes, wide: float) -> np.ndarray:
    """[d, d, 4]: what is behind the new head.

    Which layer, what the photo shows close by says; far from that, the drawing. drawn: [d, d, 4], the drawing in the
    photo's colours: for necks, and what the photo shows nothing of; has: its parts; wide: as `blur`
    takes it"""
    if ground.beside is None:
        raise ValueError(f"what is behind a head is asked for of the region {ground.region}")
    near, sure = ground.beside
    far, _ = beside_head(has, ground.smooth / ground.reach, wide)
    sure, size = ramp(sure, 0.02, 0.1), len(drawn)
    shares = [mine * sure + theirs * (1 - sure) for mine, theirs in zip(near, far, strict=True)]
    # A little of another layer is doubt, and would tint.
    cubes = [share * share * share for share in shares]
    per_cube = 1 / np.maximum(cubes[0] + cubes[1] + cubes[2], 1e-6)
    shown = np.zeros_like(drawn)
    for picture, cube in zip((ground.background, ground.clothes, None), cubes, strict=True):
        shown += times(drawn if picture is None else picture, enlarged(cube * per_cube, size))
    return shown
