"""Recolours the photo's own hair. What the generator draws instead are other strands, with halos around short hair."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import (
    LEAST,
    blur,
    disc,
    enlarged,
    four_planes,
    places,
    ramp,
    resized,
    spread,
    times,
)
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.views import Change, PhotoView
from anycost_backend.editing.monochrome import apply_monochrome_curve

_SURE = 0.6, 0.95  # shares of a pixel that are hair, from which on its colour is hair's a little, and wholly
_BARE = 0.02, 0.3  # shares up to which it is wholly what is beside hair, and a little
_STRANDS = 0.02  # square units: so far from the parsed hair its strands may lie
_NEAR = 0.02  # square units: sigma within which hair has one colour, and so has what is beside it
_APART = 0.03, 0.1  # of 1: difference of those two from which on strands between them are told apart, and surely
_COLOURFUL = 22.0, 90.0, 20.0  # L*: up to which hair shows less colour the darker it is; and from which on, by which
_DIMS = 0.45  # of what darkens: it dims white hair, too
_RICHER = 1.5  # times, at most: as much as L* rises, so does b*
_REDDER = 0.3  # to this power, a* rises: lighter hair is yellower


@dataclass(frozen=True)
class HairTint:
    """A change of the hair's colour in L* a* b*. Tints add up."""

    light: float = 0.0  # L* / 100 to the power of 2^-light
    colour: float = 0.0  # chroma times 2^colour
    red: float = 0.0  # added to a*
    yellow: float = 0.0  # added to b*

    def __add__(self, other: "HairTint") -> "HairTint":
        return HairTint(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, amount: float) -> "HairTint":
        return HairTint(*(amount * one for one in astuple(self)))


# What an attribute at a multiple of 1 does, below strength 0 and above.
TINTS = {
    "hair_lightness": (HairTint(light=-0.8), HairTint(light=0.8)),
    "hair_blond": (HairTint(light=-0.2, colour=-0.6, yellow=-1.5), HairTint(light=0.5, colour=-0.4, yellow=11.0)),
    "hair_red": (HairTint(colour=-0.4, red=-2.0), HairTint(light=0.1, red=5.0, yellow=3.0)),
    "hair_grey": (HairTint(light=-0.2, colour=0.3, red=3.0, yellow=6.0), HairTint(light=0.3, colour=-0.7)),
}


def tint_of(amounts: Mapping[str, float]) -> HairTint:
    """amounts: of `TINTS`, by attribute, below 0 or above"""
    return sum((TINTS[name][amount > 0] * abs(amount) for name, amount in amounts.items()), HairTint())


def recoloured(original: PhotoView, ground: Groundwork, tint: HairTint) -> Change:
    """ground: of the region "hair" """
    reach, side = original.reach, ground.deciding
    hair, strands = _hair(ground)
    picked = ground.photo + times(strands - ground.photo, 1 - hair)
    tinted = _tinted(picked, tint)
    if original.curve is not None:
        tinted = apply_monochrome_curve(tinted, original.curve)
    added = resized(four_planes(tinted) - picked, len(original.image))
    hair = hair * ground.edge
    if ground.mine is not None:
        hair *= ground.mine
    kept = np.ones((side, side), np.float32)
    return Change(reach, places(ground.smooth, reach), kept, added, np.where(hair < LEAST, 0, hair))


def _hair(ground: Groundwork) -> tuple[np.ndarray, np.ndarray]:
    """The share of each pixel [d, d] that is hair, 0…1, and the colour of hair near it [d, d, 4].

    Beside the parsed hair it is told by the colour: how far it is from what is beside hair to hair."""
    side, pixel = ground.deciding, ground.deciding / ground.reach
    parsed = enlarged(ground.there["hair"], side)
    sure, near = ramp(parsed, *_SURE), cv2.dilate(ramp(parsed, *_BARE), disc(_STRANDS * pixel))
    hair, beside = _mean_near(ground.photo, sure, pixel), _mean_near(ground.photo, 1 - near, pixel)
    apart = hair - beside
    squared = _dot(apart, apart)
    share = np.clip(_dot(ground.photo - beside, apart) / np.maximum(squared, 1e-6), 0, 1)
    told = ramp(np.sqrt(squared), *_APART)
    soft = parsed + told * (share - parsed)
    band = cv2.GaussianBlur(near, (0, 0), _STRANDS / 2 * pixel)
    return np.clip(np.maximum(sure, soft * band), 0, 1), hair


def _mean_near(photo: np.ndarray, among: np.ndarray, pixel: float) -> np.ndarray:
    """[d, d, 4]: the mean colour of the pixels near that are `among`, 0…1; where none is near, those further."""

    soft = blur(times(photo, among), _NEAR * pixel)
    weight = cv2.extractChannel(soft, 3)
    mean = times(soft, 1 / np.maximum(weight, 1e-6))
    return spread(mean, np.minimum(weight * 4, 1))


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[d, d] of the colours of two [d, d, 4]."""
    return (one[:, :, :3] * other[:, :, :3]).sum(axis=2)


def _tinted(image: np.ndarray, tint: HairTint) -> np.ndarray:
    """float32 sRGB [s, s, 4] → [s, s, 3], 0…1."""
    lab = cv2.cvtColor(np.clip(cv2.cvtColor(image, cv2.COLOR_RGBA2RGB), 0, 1), cv2.COLOR_RGB2Lab)
    light, a, b = cv2.split(lab)
    lighter = np.float32(100 * 2 ** min(_DIMS * tint.light, 0)) * np.power(
        np.maximum(light, 0) / 100, np.float32(2**-tint.light)
    )
    follows = np.minimum(lighter / np.maximum(light, 1), _RICHER)
    a, b = a * np.minimum(follows, np.power(follows, _REDDER)), b * follows
    low, high, fades = _COLOURFUL
    shows = np.minimum(ramp(lighter, 0, low), 1 - ramp(lighter, high - fades, high))
    chroma = np.float32(2**tint.colour)
    a, b = a * chroma + np.float32(tint.red) * shows, b * chroma + np.float32(tint.yellow) * shows
    return np.clip(cv2.cvtColor(cv2.merge([lighter, a, b]), cv2.COLOR_Lab2RGB), 0, 1)
