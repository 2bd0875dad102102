"""Converts samples between uint8, uint16 and floats: 0…255, 0…65535 and 0…1 are the same shades."""

from collections.abc import Callable

import numpy as np

# x, y and the new pixels there, [h, w, C] in the image's own colours and depth, without alpha, to be blended over it by
# a mask, float32 [h, w], 0…1.
Lay = Callable[[int, int, np.ndarray, np.ndarray], None]

_PEAK = {"uint8": 255.0, "uint16": 65535.0, "float16": 1.0, "float32": 1.0}
_ROWS = 256  # converted at a time, so that a large photo is never float as a whole


def clipped_float(samples: np.ndarray) -> np.ndarray:
    """uint8, uint16, float16 or float32 of any shape → float32, clipped to 0…1; NaN becomes 0."""
    return np.clip(np.nan_to_num(samples.astype(np.float32)) / np.float32(_PEAK[samples.dtype.name]), 0, 1)


def rescaled(values: np.ndarray, dtype: str) -> np.ndarray:
    """uint8, uint16 or float32 of any shape → `dtype`, one of these; `values` itself where nothing is to do."""
    if values.dtype == dtype:
        return values
    result = np.empty(values.shape, dtype)
    for row in range(0, len(values), _ROWS):
        shades = np.nan_to_num(values[row : row + _ROWS].astype(np.float32)) / np.float32(_PEAK[str(values.dtype)])
        if dtype != "float32":
            shades = np.rint(np.clip(shades, 0, 1) * np.float32(_PEAK[dtype]))
        result[row : row + _ROWS] = shades
    return result


def blend(below: np.ndarray, above: np.ndarray, mask: np.ndarray) -> None:
    """Writes `above` over `below`, both [H, W, C] of one type, by the mask, float [H, W], 0…1: at 0, bits stay."""
    for row in range(0, len(below), _ROWS):
        old, weight = below[row : row + _ROWS], mask[row : row + _ROWS, :, None]
        mixed = old + weight.astype(np.float32) * (above[row : row + _ROWS].astype(np.float32) - old)
        if below.dtype.kind == "u":
            mixed = np.rint(mixed).clip(0, np.iinfo(below.dtype).max)
        np.copyto(old, mixed.astype(below.dtype), where=weight > 0)
