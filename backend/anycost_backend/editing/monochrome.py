"""Photos without colours of their own, such as black and white or sepia: one colour at each lightness.

The generator knows faces in colour only: on such a photo its teeth would be yellow and its lips red."""

import cv2
import numpy as np

_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G, B
_MAX_SIDE = 256  # pixels: size at which the photo is examined
_LEVELS = np.linspace(0, 1, 17, dtype=np.float32)
_MAX_SPREAD = 7 / 255  # of colours of equal lightness: a sepia JPEG has 5, portraits in colour have 12


def monochrome_curve(image: np.ndarray, among: np.ndarray) -> np.ndarray | None:
    """float32 [17, 3], 0…1: the one colour that the image has at each lightness; None for an image in colour.

    image: float32 sRGB [S, S, 3], 0…1; among: float32 [S, S], 0…1, above ½ for the pixels to examine"""
    side = min(len(image), _MAX_SIDE)
    small, examined = (cv2.resize(array, (side, side), interpolation=cv2.INTER_AREA) for array in (image, among))
    pixels = small[examined > 0.5]
    if not len(pixels):
        return None
    lightness = pixels @ _LIGHTNESS
    near = np.clip(1 - np.abs(lightness[:, None] - _LEVELS) * (len(_LEVELS) - 1), 0, 1)  # [N, 17]
    weights = near.sum(axis=0)
    hues = near.T @ (pixels - lightness[:, None]) / np.maximum(weights, 1)[:, None]
    known = weights > 0.001 * len(pixels)
    known[0] = True  # black, if nothing is so dark
    curve = np.column_stack([np.interp(_LEVELS, _LEVELS[known], hue) for hue in hues[known].T]) + _LEVELS[:, None]
    error = np.abs(apply_monochrome_curve(pixels[None], curve)[0] - pixels).max(axis=1)
    return curve.astype(np.float32) if np.percentile(error, 95) <= _MAX_SPREAD else None


def apply_monochrome_curve(image: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """float32 sRGB [H, W, 3], 0…1 → the same with the colours of the curve [17, 3]; lightness stays."""
    lightness = cv2.transform(image, _LIGHTNESS[None])
    return cv2.merge([np.interp(lightness, _LEVELS, channel).astype(np.float32) for channel in curve.T])
