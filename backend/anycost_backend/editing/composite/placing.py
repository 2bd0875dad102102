"""Lays a change over the photo, at the photo's own resolution."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from anycost_models.face.aligned_square import AlignedSquare, Rectangle, pixel_matrix

from anycost_backend.editing.composite.arrays import places, times
from anycost_backend.editing.composite.views import Change

GRAIN = 0.012  # square units: what is finer is grain: pores and fine lines, and not wrinkles


def apply(
    change: Change, square: AlignedSquare, pixels: np.ndarray, bounds: Rectangle
) -> tuple[np.ndarray, np.ndarray]:
    """pixels: float32 sRGB [h, w, 3], 0…1, the photo's rectangle `bounds` around the square, at full resolution.

    Returns the edited rectangle, float32 [h, w, 3], 0…1, and its mask, float32 [h, w], 0…1, to blend it over the
    photo."""
    height, width = pixels.shape[:2]
    to_square = square_from(square, bounds)
    return apply_rows(change, to_square, (width, height), (0, height), lambda first, last: pixels[first:last])


def covered(change: Change, to_square: np.ndarray, within: Rectangle) -> Rectangle:
    """The part of the rectangle `within` (pixels) that the change can touch, with what moves there from beside it; of
    width 0 if that is nothing.

    to_square: float64 [2, 3], as `square_from` returns it"""
    rows, columns = (np.flatnonzero(change.mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return within[0], within[1], within[0], within[1]
    side = change.mask.shape[0]
    way = np.abs(change.source - places(len(change.source), change.reach)).max() / change.reach * side
    low, high = np.array([columns[0], rows[0]]) - 1 - way, np.array([columns[-1], rows[-1]]) + 2 + way
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])]) / side
    back = cv2.invertAffineTransform(_to_view(to_square, change.reach))
    pixels = corners @ back[:, :2].T + back[:, 2]
    x0, y0 = np.floor(pixels.min(axis=0)).astype(int).clip(within[:2], within[2:]).tolist()
    x1, y1 = np.ceil(pixels.max(axis=0)).astype(int).clip((x0, y0), within[2:]).tolist()
    return x0, y0, x1, y1


def square_from(square: AlignedSquare, bounds: Rectangle, size: tuple[int, int] | None = None) -> np.ndarray:
    """float64 [2, 3]: the transform to square units from pixels of the photo's rectangle `bounds`, shown at `size`
    (width, height)."""
    x0, y0, x1, y1 = bounds
    to_square = square.matrix(1)
    to_square[:, 2] += to_square[:, :2] @ (x0, y0)
    if size is not None:
        to_square[:, :2] *= (x1 - x0) / size[0], (y1 - y0) / size[1]
    return to_square


def apply_rows(
    change: Change,
    to_square: np.ndarray,
    size: tuple[int, int],
    rows: tuple[int, int],
    read: Callable[[int, int], np.ndarray],
    interpolation: int = cv2.INTER_CUBIC,
) -> tuple[np.ndarray, np.ndarray]:
    """`apply` for some rows (from, to) of a rectangle of `size` (width, height), which then is never float as a whole.

    to_square: float64 [2, 3], as `square_from` returns it; read: returns rows from – to, float32 sRGB [n, w, 3], 0…1;
    interpolation: OpenCV's, of the photo"""
    (width, height), (first, last) = size, rows
    shifted = to_square.copy()
    shifted[:, 2] += shifted[:, 1] * first
    to_view = _to_view(shifted, change.reach)

    def place(array: np.ndarray) -> np.ndarray:
        """Warps from the view to those rows."""
        matrix = pixel_matrix(to_view * array.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(array, matrix, (width, last - first), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    # The motion is enlarged, not absolute coordinates: OpenCV interpolates in steps of 1/32, which would shift every
    # pixel. It warps four planes as quickly as one, and single ones several times as quickly as two or three.
    out_of_square = np.linalg.inv(to_square[:, :2]).astype(np.float32)
    motion = cv2.transform(change.source - places(change.source.shape[0], change.reach), out_of_square)
    weights = change.original_weight, change.mask
    if len(motion) == len(change.mask):
        x, y, original_weight, mask = cv2.split(place(cv2.merge([*cv2.split(motion), *weights])))
    else:
        x, y, original_weight, mask = (place(plane) for plane in (*cv2.split(motion), *weights))
    x += np.arange(width, dtype=np.float32)
    y += np.arange(first, last, dtype=np.float32)[:, None]
    margin = 4  # rows that the interpolation reads beside the pixel itself
    low = min(max(int(y.min()) - margin, 0), height - 1)
    high = min(max(int(y.max()) + margin, low + 1), height)
    y -= low
    source = (
        read(low, high)
        if change.grain is None
        else _regrained(change.grain, change.reach, to_square, size, (low, high), read)
    )
    moved = cv2.remap(source, x, y, interpolation, borderMode=cv2.BORDER_REFLECT_101)
    edited = times(moved, original_weight, out=moved)
    added = place(change.added)
    edited += added if moved.shape[2] == 4 else cv2.cvtColor(added, cv2.COLOR_RGBA2RGB)
    return np.clip(edited, 0, 1, out=edited), mask


def _regrained(
    grain: np.ndarray,
    reach: float,
    to_square: np.ndarray,
    size: tuple[int, int],
    rows: tuple[int, int],
    read: Callable[[int, int], np.ndarray],
) -> np.ndarray:
    """Those rows of the photo with more or less of its grain, all that is finer than `GRAIN`; as `apply_rows`.

    grain: as `Change.grain`, covering `reach` sides of the square"""
    (width, height), (first, last) = size, rows
    sigma = GRAIN / math.sqrt(abs(np.linalg.det(to_square[:, :2])))  # pixels
    margin = math.ceil(3 * sigma)
    low, high = max(first - margin, 0), min(last + margin, height)
    image = read(low, high)
    shifted = to_square.copy()
    shifted[:, 2] += shifted[:, 1] * low
    matrix = pixel_matrix(_to_view(shifted, reach) * len(grain))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    growth = cv2.warpAffine(grain, matrix, (width, high - low), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    fine = image - cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    image = image + times(fine, growth, out=fine)
    return image[first - low : last - low]


def _to_view(to_square: np.ndarray, reach: float) -> np.ndarray:
    """float64 [2, 3]: from the same pixels to 0…1 across what a view of `reach` sides of the square covers."""
    to_view = to_square / reach
    to_view[:, 2] += 0.5 - 0.5 / reach
    return to_view
