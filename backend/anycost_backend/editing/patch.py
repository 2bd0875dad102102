"""The pixels that an edit of one face changes, in the image's own size, depth and colours."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from anycost_models.face.aligned_square import AlignedSquare, Rectangle

from anycost_backend.editing.composite.placing import apply_rows, covered, square_from
from anycost_backend.editing.composite.views import Change

_ROWS = 256  # of the image, composited at a time: a large one is never float as a whole
_THREADS = 4  # at most: each has some rows in memory


class Pixels(Protocol):
    """What an edit needs of an image. `Photo` and `Layer` describe the methods."""

    def srgb8(self, rect: tuple[int, int, int, int] | None = None) -> np.ndarray: ...
    def region_srgb(self, x: int, y: int, width: int, height: int) -> np.ndarray: ...
    def from_srgb(self, region: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Patch:
    """The changed image around one face, in its own colours and depth: to be blended over it by `mask`."""

    x: int
    y: int
    native: np.ndarray  # [h, w, C], without alpha
    mask: np.ndarray  # float32 [h, w], 0…1


def patch_of(
    change: Change, square: AlignedSquare, bounds: Rectangle, photo: Pixels, threads: int | None = None
) -> Patch:
    """bounds: what of the photo the edit may touch; less where the change touches less. threads: None for all cores"""
    x0, y0, x1, y1 = bounds
    place = covered(change, square_from(square, bounds), (0, 0, x1 - x0, y1 - y0))
    if place[0] < place[2] and place[1] < place[3]:
        x0, y0, x1, y1 = x0 + place[0], y0 + place[1], x0 + place[2], y0 + place[3]
    width, height = x1 - x0, y1 - y0
    to_square, mask = square_from(square, (x0, y0, x1, y1)), np.empty((height, width), np.float32)

    def read(first: int, last: int) -> np.ndarray:
        return photo.region_srgb(x0, y0 + first, width, last - first)

    like = photo.from_srgb(np.zeros((1, 1, 3), np.float32))
    native = np.empty((height, width, like.shape[2]), like.dtype)

    def composite(rows: tuple[int, int]) -> None:
        edited, mask[slice(*rows)] = apply_rows(change, to_square, (width, height), rows, read)
        native[slice(*rows)] = photo.from_srgb(edited)

    count = max(1, min(threads or os.cpu_count() or 1, _THREADS))
    each = max(1, min(_ROWS, -(-height // count)))
    bands = list(pairwise([*range(0, height, each), height]))
    with ThreadPoolExecutor(count, "compositing") as executor:
        for _ in executor.map(composite, bands):  # raises what a band raised
            pass
    return Patch(x0, y0, native, mask)
