"""The alpha of a part of a picture, finer than it was parsed."""

import cv2
import numpy as np

_RADIUS, _EPSILON = 0.012, 1e-4  # of the guided filter; the radius in square units
_ROWS = 176  # filtered at a time, as many as a preview has: thirty arrays of all rows of a final take twice as long


def matted(image: np.ndarray, share: np.ndarray, reach: float) -> np.ndarray:
    """float32 [s, s], 0…1: the alpha of a part whose edges follow the image's, by a guided filter in colours (He, Sun,
    Tang, "Guided Image Filtering", PAMI 2013).

    image: float32 [s, s, 4]; share: float32 [s, s], 0…1, of the part, softly"""
    radius, size = max(2, round(_RADIUS * len(image) / reach)), len(image)
    beside, alpha = 2 * radius, np.empty_like(share)  # beside: what two means of a pixel depend on
    for first in range(0, size, _ROWS):
        low, last = max(first - beside, 0), min(first + _ROWS, size)
        rows = np.s_[low : last + beside]
        alpha[first:last] = _filtered(image[rows], share[rows], radius)[first - low : last - low]
    return alpha


def _filtered(image: np.ndarray, share: np.ndarray, radius: int) -> np.ndarray:
    """As `matted`, of some rows. radius: pixels"""
    window = (2 * radius + 1,) * 2

    def mean(array: np.ndarray) -> np.ndarray:
        return cv2.blur(array, window, borderType=cv2.BORDER_REFLECT)

    red, green, blue, _ = cv2.split(image)
    r, g, b, mean_share = (mean(plane) for plane in (red, green, blue, share))
    rr, gg, bb = (mean(a * a) - m * m + _EPSILON for a, m in ((red, r), (green, g), (blue, b)))
    rg, rb, gb = mean(red * green) - r * g, mean(red * blue) - r * b, mean(green * blue) - g * b
    with_r, with_g, with_b = (mean(a * share) - m * mean_share for a, m in ((red, r), (green, g), (blue, b)))
    # The inverse of the colours' covariance, by its adjugate.
    i_rr, i_rg, i_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    i_gg, i_gb, i_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    per_determinant = 1 / (i_rr * rr + i_rg * rg + i_rb * rb)
    slopes = (
        (i_rr * with_r + i_rg * with_g + i_rb * with_b) * per_determinant,
        (i_rg * with_r + i_gg * with_g + i_gb * with_b) * per_determinant,
        (i_rb * with_r + i_gb * with_g + i_bb * with_b) * per_determinant,
    )
    offset = mean_share - slopes[0] * r - slopes[1] * g - slopes[2] * b
    by_r, by_g, by_b, offset = (mean(plane) for plane in (*slopes, offset))
    return np.clip(by_r * red + by_g * green + by_b * blue + offset, 0, 1)
