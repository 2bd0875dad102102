"""The thin-plate spline: the smoothest field that takes given values at scattered points."""

import cv2
import numpy as np

_NODES = 256  # computed at a time: as many as the processor's cache holds


def thin_plate(centres: np.ndarray, values: np.ndarray, smoothing: float, nodes: np.ndarray) -> np.ndarray:
    """The thin-plate spline [M, k] at `nodes` [M, 2] that nearly takes the `values` [N, k] at `centres` [N, 2]."""
    count = len(centres)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _bending(centres, centres)
    system[np.arange(count), np.arange(count)] = smoothing
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = centres
    system[count + 1 :, :count] = centres.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]))
    bent = np.concatenate(
        [_bending(nodes[i : i + _NODES], centres) @ weights[:count] for i in range(0, len(nodes), _NODES)]
    )
    return bent + weights[count] + nodes @ weights[count + 1 :]


def _bending(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """float32 [N, M]: 2 r² log r of the distances between points [N, 2] and [M, 2]. Single precision moves no pixel of
    a square of 1024 by more than a sixtieth; OpenCV's logarithm is several times as quick as NumPy's."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    squared = np.subtract.outer(a[:, 0], b[:, 0]) ** 2
    squared += np.subtract.outer(a[:, 1], b[:, 1]) ** 2
    squared += np.float32(1e-20)  # no logarithm of 0
    return cv2.multiply(cv2.log(squared), squared)
