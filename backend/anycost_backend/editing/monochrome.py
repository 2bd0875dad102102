"""Photos without colours of their own, such as black and white or sepia: one colour at each lightness.

The generator knows faces in colour only: on such a photo its teeth would be yellow and its lips red."""

import cv2
import numpy as np

_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G, B
_SIDE = 256  # pixels: size at which the photo is examined
_LEVELS = np.linspace(0, 1, 17, dtype=np.float32)
_BLUR = 9.0  # pixels at that size: lips and eyes are larger, JPEG's blocks and noise average out
_CLIPPED = 0.99  # of two channels: a highlight, whose colour is no longer the subject's
# How far colours of equal lightness may lie apart, rms: what JPEG does to a photo in one tone, the more the stronger
# the tone. Portraits in colour lie nearly twice as far apart, and just beyond at -5 EV or a quarter of the saturation.
_NOISE, _OF_CHROMA, _MAX_SPREAD = 0.7 / 255, 0.025, 3 / 255


def monochrome_curve(image: np.ndarray, among: np.ndarray) -> np.ndarray | None:
    """float32 [17, 3], 0…1: the one colour that the image has at each lightness; None for an image in colour.

    image: float32 sRGB [S, S, 3], 0…1; among: float32 [S, S], 0…1, above ½ for the pixels to examine"""
    side = min(len(image), _SIDE)
    small, examined = (cv2.resize(array, (side, side), interpolation=cv2.INTER_AREA) for array in (image, among))
    inside = examined > 0.5
    if not inside.any():
        return None
    unclipped = inside & (np.sort(small, axis=2)[:, :, 1] < _CLIPPED)
    if unclipped.sum() > 0.1 * inside.sum():
        inside = unclipped
    small = cv2.GaussianBlur(small, (0, 0), 1)
    pixels = small[inside]
    curve = _fitted_curve(pixels)
    tinted = pixels - (pixels @ _LIGHTNESS)[:, None]
    apart = np.zeros_like(small)
    apart[inside] = pixels - apply_monochrome_curve(pixels[None], curve)[0]
    sigma = _BLUR * side / _SIDE
    weights = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    spread = _rms(cv2.GaussianBlur(apart, (0, 0), sigma)[inside] / weights[inside][:, None])
    return curve if spread <= min(_NOISE + _OF_CHROMA * _rms(tinted), _MAX_SPREAD) else None


def apply_monochrome_curve(image: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """float32 sRGB [H, W, 3], 0…1 → the same with the colours of the curve [17, 3]; lightness stays."""
    lightness = cv2.transform(image, _LIGHTNESS[None])
    return cv2.merge([np.interp(lightness, _LEVELS, channel).astype(np.float32) for channel in curve.T])


def _fitted_curve(pixels: np.ndarray) -> np.ndarray:
    """float32 [N, 3] → [17, 3]: the mean colour at each lightness."""
    lightness = pixels @ _LIGHTNESS
    near = np.clip(1 - np.abs(lightness[:, None] - _LEVELS) * (len(_LEVELS) - 1), 0, 1)  # [N, 17]
    weights = near.sum(axis=0)
    hues = near.T @ (pixels - lightness[:, None]) / np.maximum(weights, 1)[:, None]
    known = weights > 0.001 * len(pixels)
    known[0] = True  # black, if nothing is so dark
    curve = np.column_stack([np.interp(_LEVELS, _LEVELS[known], hue) for hue in hues[known].T]) + _LEVELS[:, None]
    return curve.astype(np.float32)


def _rms(colours: np.ndarray) -> float:
    """Of vectors [N, 3]."""
    return float(np.sqrt((colours**2).sum(axis=1).mean()))
