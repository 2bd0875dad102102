"""Composites a change in the image's own size, depth and colours, some rows at a time."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
from anycost_models.face.aligned_square import AlignedSquare, Rectangle

from anycost_backend.editing.composite.placing import apply_rows, covered, square_from
from anycost_backend.editing.composite.views import Change
from anycost_backend.photo.sample_types import Lay

_ROWS = 256  # of the image, composited at a time: a large one is never float as a whole
_THREADS = 4  # at most: each has some rows in memory

P = TypeVar("P", bound="Pixels")


class Pixels(Protocol):
    """What an edit needs of an image. `Photo` and `Layer` describe the methods."""

    def srgb8(self, rect: tuple[int, int, int, int] | None = None) -> np.ndarray: ...
    def region_srgb(self, x: int, y: int, width: int, height: int) -> np.ndarray: ...
    def from_srgb(self, region: np.ndarray) -> np.ndarray: ...
    def changing(self: P, change: Callable[[Lay], None]) -> P: ...


def composite(
    change: Change,
    square: AlignedSquare,
    bounds: Rectangle,
    photo: Pixels,
    lay: Lay,
    threads: int | None = None,
) -> None:
    """bounds: what of the photo the edit may touch; less where the change touches less. lay: gets some rows at a time,
    from several threads, none of them twice. threads: None for all cores"""
    x0, y0, x1, y1 = bounds
    place = covered(change, square_from(square, bounds), (0, 0, x1 - x0, y1 - y0))
    if place[0] < place[2] and place[1] < place[3]:
        x0, y0, x1, y1 = x0 + place[0], y0 + place[1], x0 + place[2], y0 + place[3]
    width, height = x1 - x0, y1 - y0
    to_square = square_from(square, (x0, y0, x1, y1))

    def read(first: int, last: int) -> np.ndarray:
        return photo.region_srgb(x0, y0 + first, width, last - first)

    def some(rows: tuple[int, int]) -> None:
        edited, mask = apply_rows(change, to_square, (width, height), rows, read)
        lay(x0, y0 + rows[0], photo.from_srgb(edited), mask)

    count = max(1, min(threads or os.cpu_count() or 1, _THREADS))
    each = max(1, min(_ROWS, -(-height // count)))
    bands = list(pairwise([*range(0, height, each), height]))
    with ThreadPoolExecutor(count, "compositing") as executor:
        for _ in executor.map(some, bands):  # raises what a band raised
            pass
