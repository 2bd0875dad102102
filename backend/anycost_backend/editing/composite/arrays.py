"""What the composite does with arrays that cover the square or more: resize, blur, warp, spread.

Images have four planes, red, green, blue and one more: OpenCV warps four in a third of the time that three take."""

from functools import lru_cache, reduce

import cv2
import numpy as np
from anycost_models.face.landmarks import Landmarks

LEAST = 1 / 512  # of a mask: less is nothing
_BAND = 1 << 20  # bytes
_BEFORE = 1e-3  # pixels: changes nothing that 8 bits could tell
WIDE = 6.0  # pixels: sigma from which on a blur may be computed at half the size, and differs by less than a level


def four_planes(image: np.ndarray) -> np.ndarray:
    """float32 [s, s, 3] → [s, s, 4], the last one 1."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    """At `side`, each pixel the mean of those that it covers."""
    return image if len(image) == side else cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def enlarged(image: np.ndarray, side: int) -> np.ndarray:
    return image if len(image) == side else cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def resized(image: np.ndarray, side: int) -> np.ndarray:
    """`reduced` or `enlarged`."""
    return reduced(image, side) if side < len(image) else enlarged(image, side)


def blur(image: np.ndarray, sigma: float, wide: float = WIDE) -> np.ndarray:
    """A Gaussian blur, computed at half the size where sigma is `wide`, and so on. sigma, wide: pixels"""
    size = small = len(image)
    while sigma >= wide and small % 2 == 0:
        small, sigma = small // 2, sigma / 2
    soft = cv2.GaussianBlur(reduced(image, small), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return enlarged(soft, size)


def times(image: np.ndarray, factor: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """[s, s, C] by [s, s], perhaps into an array that is there. NumPy would loop over C values at a time.

    In bands of rows: a large factor is never there C times."""
    out = np.empty_like(image) if out is None else out
    rows = max(1, _BAND // image[0].nbytes)
    for first in range(0, len(image), rows):
        band = np.s_[first : first + rows]
        cv2.multiply(image[band], cv2.merge([factor[band]] * image.shape[2]), dst=out[band])
    return out


def magnitudes(*differences: np.ndarray) -> np.ndarray:
    """Up to four [s, s, 4] → [s, s, 4], in each plane the mean absolute value over the colours of one of them.

    OpenCV makes four planes of four in a quarter of the time that one takes."""
    found = cv2.transform(np.abs(differences[0]), _mean_into(0))
    for plane, difference in enumerate(differences[1:], 1):
        found += cv2.transform(np.abs(difference), _mean_into(plane))
    return found


def lightness(image: np.ndarray) -> np.ndarray:
    """[s, s, 4] → [s, s], the mean of the colours."""
    return cv2.extractChannel(cv2.transform(image, _mean_into(0)), 0)


def _mean_into(plane: int) -> np.ndarray:
    """float32 [4, 4]: the mean of the colours of four planes, into one of four."""
    matrix = np.zeros((4, 4), np.float32)
    matrix[plane, :3] = 1 / 3
    return matrix


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, straight between them."""
    return np.clip((values - low) * np.float32(1 / (high - low)), 0, 1)


def disc(radius: float) -> np.ndarray:
    """For OpenCV's morphology. radius: pixels"""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(radius) + 1,) * 2)


def grown(covers: list[np.ndarray], radius: float) -> np.ndarray:
    """Their union, dilated by `radius` pixels."""
    return cv2.dilate(reduce(cv2.max, covers), disc(radius))


@lru_cache(maxsize=16)
def places(side: int, reach: float) -> np.ndarray:
    """float32 [s, s, 2], square units: x and y of the pixels of an array that covers `reach` sides of the square. Not
    to be written."""
    line = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5) * np.float32(reach) + 0.5
    x_and_y = np.stack(np.meshgrid(line, line), axis=2)
    x_and_y.flags.writeable = False
    return x_and_y


def in_view(landmarks: Landmarks, side: int, reach: float) -> Landmarks:
    """From square units to pixels of a view of `side` pixels that covers `reach` sides of the square."""
    return landmarks.moved(np.array([[1, 0, reach / 2 - 0.5], [0, 1, reach / 2 - 0.5]]) * (side / reach))


def positions(source: np.ndarray, reach: float, size: int, side: int) -> np.ndarray:
    """float32 [side, side, 2]: where `source` [s, s, 2], square units, lies in the pixels of an array of `size` that
    covers `reach` sides of the square, as OpenCV counts them."""
    return enlarged((source - np.float32(0.5)) * np.float32(size / reach) + np.float32(size / 2 - 0.5), side)


def warp(image: np.ndarray, source: np.ndarray, reach: float, side: int) -> np.ndarray:
    """[side, side, …]: each pixel from its `source` [s, s, 2], square units, in an image [S, S, …] that covers `reach`
    sides of the square; beyond the image, its border goes on.

    OpenCV is less than half as quick where it has to ask what lies beyond: it need not, a little before the border."""
    at = positions(source, reach, len(image), side)
    np.clip(at, 0, np.float32(len(image) - 1 - _BEFORE), out=at)
    return cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def shown_at(points: np.ndarray, source: np.ndarray, reach: float) -> np.ndarray:
    """[N, 2]: where points are shown by an image that comes from `source` [s, s, 2]; all in square units."""
    motion, at = source - places(len(source), reach), points
    for _ in range(3):  # the motion is smooth: this converges
        pixels = (((at - 0.5) / reach + 0.5) * len(source) - 0.5).astype(np.float32)
        found = cv2.remap(motion, pixels[:, None, 0], pixels[:, None, 1], cv2.INTER_LINEAR)
        at = points - found[:, 0]
    return at


def spread(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """[s, s, 4], where `known` [s, s], 0…1, is 1 the image, elsewhere what is near: smooth, the smoother the further.

    image: its last plane is 1.
    Pull-push: what is not known comes from the same at half the size (Gortler et al., "The Lumigraph", SIGGRAPH
    1996)."""
    side = len(image)
    weighted = times(image, known)  # in the last plane the weight
    if side <= 2:
        total = weighted.sum(axis=(0, 1))
        return np.full_like(image, total / max(total[3], 1e-6))
    smaller = cv2.resize(weighted, ((side + 1) // 2,) * 2, interpolation=cv2.INTER_AREA)
    weights = cv2.extractChannel(smaller, 3)
    coarse = spread(times(smaller, 1 / np.maximum(weights, 1e-6)), np.minimum(4 * weights, 1))
    return weighted + times(enlarged(coarse, side), 1 - known)
