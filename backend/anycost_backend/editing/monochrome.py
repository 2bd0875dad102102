"""The tones of a photo without colours of its own: black and white, sepia, or any one ink.

The generator knows faces in colour only: on such a photo, teeth that it draws would be yellow and lips red.
"""

import cv2
import numpy as np

_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G, B
_SIDE = 256  # pixels: as large as a picture need be to tell
_LEVELS = np.linspace(0, 1, 17, dtype=np.float32)
_SPREAD = 7 / 255  # by which colours of equal lightness differ at most: of a sepia JPEG 5, of portraits in colour 12


def tones_of(picture: np.ndarray, among: np.ndarray) -> np.ndarray | None:
    """float32 [17, 3]: the one colour that the photo has at each lightness; None for a photo in colour.

    picture: float32 sRGB 0…1 [S, S, 3]; among: float32 [S, S], 0…1, the pixels that are asked"""
    side = min(len(picture), _SIDE)
    small, asked = (cv2.resize(array, (side, side), interpolation=cv2.INTER_AREA) for array in (picture, among))
    pixels = small[asked > 0.5]
    if not len(pixels):
        return None
    lightness = pixels @ _LIGHTNESS
    near = np.clip(1 - np.abs(lightness[:, None] - _LEVELS) * (len(_LEVELS) - 1), 0, 1)  # [N, 17]
    weights = near.sum(axis=0)
    hues = near.T @ (pixels - lightness[:, None]) / np.maximum(weights, 1)[:, None]
    known = weights > 0.001 * len(pixels)
    known[0] = True  # if nothing is so dark, it is black
    tones = np.column_stack([np.interp(_LEVELS, _LEVELS[known], hue) for hue in hues[known].T]) + _LEVELS[:, None]
    apart = np.abs(toned(pixels[None], tones)[0] - pixels).max(axis=1)
    return tones.astype(np.float32) if np.percentile(apart, 95) <= _SPREAD else None


def toned(picture: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """The picture [H, W, 3] in those tones; its lightness stays."""
    lightness = cv2.transform(picture, _LIGHTNESS[None])
    return cv2.merge([np.interp(lightness, _LEVELS, tone).astype(np.float32) for tone in tones.T])
