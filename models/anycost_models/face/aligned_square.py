"""A rotated square in an image, such as an aligned face: its exact transform, its crop, and the way back.

Coordinates are continuous everywhere: pixel i covers i…i+1 and has its centre at i + ½. OpenCV's functions count from
pixel centres instead; `pixel_matrix` turns a transform of ours into one of theirs.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

Rectangle = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, the last two excluded


@dataclass(frozen=True)
class AlignedSquare:
    """A square by its centre and the half-axis from there to the middle of its right side, in image pixels."""

    centre: tuple[float, float]  # x, y
    axis: tuple[float, float]  # x, y; the other half-axis, to the bottom side, is (-y, x)

    @property
    def side(self) -> float:
        """The length of a side in image pixels."""
        return 2 * math.hypot(*self.axis)

    def scaled(self, factor: float) -> "AlignedSquare":
        """The square with the same middle, `factor` times as large."""
        return AlignedSquare(self.centre, (factor * self.axis[0], factor * self.axis[1]))

    def corners(self) -> np.ndarray:
        """[4, 2] float64 in image pixels: top left, top right, bottom right, bottom left."""
        (cx, cy), (ax, ay) = self.centre, self.axis
        return np.array([[cx + i * ax - j * ay, cy + i * ay + j * ax] for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))])

    def matrix(self, size: int) -> np.ndarray:
        """[2, 3] float64: from image pixels to the pixels of a crop of `size`×`size`."""
        (cx, cy), (ax, ay) = self.centre, self.axis
        k = size / 2 / (ax * ax + ay * ay)
        turn = k * np.array([[ax, ay], [-ay, ax]])
        return np.column_stack([turn, size / 2 - turn @ (cx, cy)])

    def inverse(self, size: int) -> np.ndarray:
        """[2, 3] float64: from the pixels of a crop of `size`×`size` to image pixels."""
        ax, ay = self.axis
        turn = np.array([[ax, -ay], [ay, ax]]) * (2 / size)
        return np.column_stack([turn, np.asarray(self.centre) - turn @ (size / 2, size / 2)])

    def crop(self, image: np.ndarray, size: int, border: int = cv2.BORDER_REFLECT) -> np.ndarray:
        """The square of `image` [H, W, C] (or [H, W]) as [size, size, C], antialiased; the image's edges reflect.

        uint8, uint16 and float32 are kept. `border` is one of OpenCV's kinds, where something else shall lie beyond.
        """
        height, width = image.shape[:2]
        x0, y0, x1, y1 = self.bounds(image.shape, margin=4)
        # Too little of an image to reflect what the square takes from beyond its edges: give it all.
        if min(x1 - x0, y1 - y0) < self.side / 2:
            x0, y0, x1, y1 = 0, 0, width, height
        matrix = self.matrix(size)
        matrix[:, 2] += matrix[:, :2] @ (x0, y0)
        return resample(image[y0:y1, x0:x1], matrix, (size, size), border)

    def uncrop(self, crop: np.ndarray, bounds: Rectangle) -> np.ndarray:
        """A crop [size, size, C] back in its place: the image's rectangle `bounds`, [y1 - y0, x1 - x0, C], antialiased.

        Outside the square its border pixels go on: mask them off.
        """
        x0, y0, x1, y1 = bounds
        matrix = self.inverse(crop.shape[0])
        matrix[:, 2] -= (x0, y0)
        return resample(crop, matrix, (x1 - x0, y1 - y0), cv2.BORDER_REPLICATE)

    def bounds(self, image_shape: tuple[int, ...], margin: int = 0) -> Rectangle:
        """The smallest rectangle of whole pixels, inside an image [H, W, …], around the square (never empty)."""
        height, width = image_shape[:2]
        corners = self.corners()
        x0, y0 = np.floor(corners.min(axis=0)).astype(int) - margin
        x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + margin
        x0, y0 = min(max(int(x0), 0), width - 1), min(max(int(y0), 0), height - 1)
        return x0, y0, min(max(int(x1), x0 + 1), width), min(max(int(y1), y0 + 1), height)


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points [N, 2], or [N, 3] with a depth in the same unit, through a [2, 3] transform (depth: by its scale)."""
    moved = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    if points.shape[1] == 2:
        return moved
    return np.column_stack([moved, points[:, 2] * scale_of(matrix)])


def scale_of(matrix: np.ndarray) -> float:
    """How much longer a [2, 3] transform makes lengths."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))


def pixel_matrix(matrix: np.ndarray) -> np.ndarray:
    """The same transform [2, 3] between pixel numbers, as OpenCV counts them, instead of continuous coordinates."""
    shifted = matrix.astype(np.float64)
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return shifted


def resample(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: int) -> np.ndarray:
    """`image` [h, w, C] seen through `matrix` (image to result), as [H, W, C] for `size` = (W, H), antialiased.

    Enlarging is cubic. Reducing takes several samples for each pixel and their mean, after a mean over whole blocks
    where the reduction is strong, so that the cost stays in proportion to the result.
    """
    shrink = 1 / scale_of(matrix)  # image pixels for one of the result
    if shrink >= 4:
        height, width = image.shape[:2]
        small = (max(1, int(width / (shrink / 2))), max(1, int(height / (shrink / 2))))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([matrix[:, :2] * (width / small[0], height / small[1]), matrix[:, 2]])
        shrink = 1 / scale_of(matrix)
    samples = math.ceil(shrink - 1e-6)
    if samples <= 1:
        return cv2.warpAffine(image, pixel_matrix(matrix), size, flags=cv2.INTER_CUBIC, borderMode=border)
    fine = cv2.warpAffine(
        image,
        pixel_matrix(matrix * samples),
        (size[0] * samples, size[1] * samples),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
    )
    return cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
