"""A change of colour in L* a* b* that looks natural on hair, skin and lips of any lightness."""

from dataclasses import astuple, dataclass

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import ramp

_REDDENS, _YELLOWS = 22.0, 50.0  # L*: up to which less of what is added shows the darker it is: no dark olive
_PALES = 70.0, 90.0  # L*: from which on less of it shows, and none
_DIMS = 0.45  # of what darkens: it dims white, too
_RICHER = 1.5  # times, at most: as much as L* rises, so does b*
_REDDER = 0.3  # to this power, a* rises: lighter hair is yellower


@dataclass(frozen=True)
class Tint:
    """Tints add up."""

    light: float = 0.0  # L* / 100 to the power of 2^-light: black and white stay
    colour: float = 0.0  # chroma times 2^colour
    red: float = 0.0  # added to a*
    yellow: float = 0.0  # added to b*

    def __add__(self, other: "Tint") -> "Tint":
        return Tint(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, amount: float) -> "Tint":
        return Tint(*(amount * one for one in astuple(self)))


def tinted(image: np.ndarray, tint: Tint) -> np.ndarray:
    """float32 sRGB [s, s, 4], the last plane 1."""
    light, a, b = cv2.split(lab_of(image))
    lighter = lightened(light, np.float32(tint.light))
    if tint.light < 0:
        lighter *= np.float32(2 ** (_DIMS * tint.light))
    follows = np.clip(lighter / np.maximum(light, 1), 0.01, _RICHER)
    shows = 1 - ramp(lighter, *_PALES)
    red, yellow = (np.minimum(ramp(lighter, 0, dark), shows) for dark in (_REDDENS, _YELLOWS))
    chroma = np.float32(2**tint.colour) * follows
    a = a * np.minimum(chroma, chroma * follows ** np.float32(_REDDER - 1)) + np.float32(tint.red) * red
    return image_of(cv2.merge([lighter, a, b * chroma + np.float32(tint.yellow) * yellow]))


def lightened(light: np.ndarray, by: np.ndarray) -> np.ndarray:
    """L* [s, s] by as many stops of the curve: L* / 100 to the power of 2^-by."""
    return np.float32(100) * np.power(np.clip(light / 100, 0, 1), np.exp2(-by))


def lab_of(image: np.ndarray) -> np.ndarray:
    """float32 sRGB [s, s, 4], 0…1 → L* a* b* [s, s, 3]."""
    return cv2.cvtColor(np.clip(cv2.cvtColor(image, cv2.COLOR_RGBA2RGB), 0, 1), cv2.COLOR_RGB2Lab)


def image_of(lab: np.ndarray) -> np.ndarray:
    """The inverse of `lab_of`."""
    return np.clip(cv2.cvtColor(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), cv2.COLOR_RGB2RGBA), 0, 1)
