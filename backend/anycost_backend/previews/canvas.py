"""Puts the changes of several faces over what a preview shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.face.aligned_square import AlignedSquare, Rectangle

from anycost_backend.editing.composite.placing import apply_rows, covered, square_from
from anycost_backend.editing.composite.views import Change
from anycost_backend.editing.region import lay_over


@dataclass(frozen=True, eq=False)
class FaceChange:
    """Of one face."""

    change: Change
    square: AlignedSquare  # in pixels of the region

    def place(self, bounds: Rectangle) -> Rectangle:
        """What of the region's rectangle `bounds` it touches; of width 0 if nothing."""
        x0, y0, x1, y1 = bounds
        place = covered(self.change, square_from(self.square, bounds), (0, 0, x1 - x0, y1 - y0))
        return place[0] + x0, place[1] + y0, place[2] + x0, place[3] + y0


def composited(
    changes: Sequence[FaceChange], frame: Rectangle, before: np.ndarray, quick: bool
) -> tuple[np.ndarray, np.ndarray]:
    """float32 [h, w, 4], 0…1, whose last plane means nothing, and how far it covers the region, float32 [h, w], 0…1.

    frame: what of the region is shown; before: it, without the changes, float32 sRGB [h, w, 4], 0…1, never written.
    quick: interpolate linearly, which is a little less sharp"""
    height, width = before.shape[:2]
    interpolation = cv2.INTER_LINEAR if quick else cv2.INTER_CUBIC
    to_squares = [square_from(each.square, frame, (width, height)) for each in changes]
    if len(changes) == 1:
        whole = (width, height), (0, height)
        return apply_rows(changes[0].change, to_squares[0], *whole, lambda a, b: before[a:b], interpolation)
    colours, alpha = before.copy(), np.zeros((height, width), np.float32)
    for each, to_square in zip(changes, to_squares, strict=True):
        _put(each.change, to_square, before, (colours, alpha), interpolation)
    return colours, alpha


def _put(
    change: Change, to_square: np.ndarray, before: np.ndarray, canvas: tuple[np.ndarray, np.ndarray], interpolation: int
) -> None:
    """Over the other faces on the canvas: colours [h, w, 4] and alpha [h, w], which are changed in place."""
    colours, alpha = canvas
    x0, y0, x1, y1 = covered(change, to_square, (0, 0, *alpha.shape[::-1]))
    if x0 == x1 or y0 == y1:
        return
    place = np.s_[y0:y1, x0:x1]
    moved = to_square.copy()
    moved[:, 2] += moved[:, :2] @ (x0, y0)
    other, so_far = alpha[place][:, :, None], before[place]
    if other.any():  # another face is there
        so_far = so_far + other * (colours[place] - so_far)
    size, rows = (x1 - x0, y1 - y0), (0, y1 - y0)
    edited, mask = apply_rows(change, moved, size, rows, lambda a, b: so_far[a:b], interpolation)
    lay_over(colours[place], alpha[place], edited, mask)
