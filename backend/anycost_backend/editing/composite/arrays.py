"""What the composite does with arrays that cover the square or more: resize, blur, warp, spread."""

import cv2
import numpy as np


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    """At `side`, each pixel the mean of those that it covers."""
    return image if len(image) == side else cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def enlarged(image: np.ndarray, side: int) -> np.ndarray:
    return image if len(image) == side else cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def resized(image: np.ndarray, side: int) -> np.ndarray:
    """`reduced` or `enlarged`."""
    return reduced(image, side) if side < len(image) else enlarged(image, side)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur, computed small where sigma allows. sigma: pixels"""
    size = image.shape[0]
    small = max(16, min(size, round(size * min(1.0, 4 / sigma))))
    soft = cv2.GaussianBlur(reduced(image, small), (0, 0), sigma * small / size, borderType=cv2.BORDER_REFLECT)
    return enlarged(soft, size)


def times(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """[s, s, 3] by [s, s]. NumPy would loop over three values at a time."""
    return cv2.multiply(image, cv2.merge([factor] * 3))


def magnitude(difference: np.ndarray) -> np.ndarray:
    """[s, s, 3] → [s, s], the mean absolute value over the colours."""
    return cv2.transform(np.abs(difference), np.full((1, 3), 1 / 3, np.float32))


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, straight between them."""
    return np.clip((values - low) * np.float32(1 / (high - low)), 0, 1)


def disc(radius: float) -> np.ndarray:
    """For OpenCV's morphology. radius: pixels"""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(radius) + 1,) * 2)


def grown(covers: list[np.ndarray], radius: float) -> np.ndarray:
    """Their union, dilated by `radius` pixels."""
    return cv2.dilate(np.max(covers, axis=0), disc(radius))


def places(side: int, reach: float) -> np.ndarray:
    """float32 [s, s, 2], square units: x and y of the pixels of an array that covers `reach` sides of the square."""
    line = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5) * np.float32(reach) + 0.5
    return np.stack(np.meshgrid(line, line), axis=2)


def warp(image: np.ndarray, source: np.ndarray, reach: float, side: int) -> np.ndarray:
    """[side, side, …]: each pixel from its `source` [s, s, 2], square units, in an image [S, S, …] that covers `reach`
    sides of the square; beyond it, its border goes on."""
    size = len(image)
    dense = enlarged((source - 0.5) * np.float32(size / reach) + np.float32(size / 2 - 0.5), side)
    return cv2.remap(image, dense, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def spread(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """[s, s, 3], where `known` [s, s], 0…1, is 1 the image, elsewhere what is near: smooth, the smoother the further.

    Pull-push: what is not known comes from the same at half the size (Gortler et al., "The Lumigraph", SIGGRAPH
    1996)."""
    side = len(image)
    weighted = np.dstack([times(image, known), known])
    if side <= 2:
        total = weighted.sum(axis=(0, 1))
        return np.full_like(image, total[:3] / max(total[3], 1e-6))
    smaller = cv2.resize(weighted, ((side + 1) // 2,) * 2, interpolation=cv2.INTER_AREA)
    weights = smaller[:, :, 3]
    coarse = spread(smaller[:, :, :3] / np.maximum(weights, 1e-6)[:, :, None], np.minimum(4 * weights, 1))
    return weighted[:, :, :3] + times(enlarged(coarse, side), 1 - known)
