"""Recolours and relights the photo's own pixels. What the generator draws instead are other strands with halos around
short hair, and another face with another light."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from anycost_backend.editing.composite.areas import Area, shown_colours
from anycost_backend.editing.composite.arrays import LEAST, four_planes, places, ramp, resized, times
from anycost_backend.editing.composite.brows import bolder
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.relighting import relit
from anycost_backend.editing.composite.tints import Tint, tinted
from anycost_backend.editing.composite.views import Change, PhotoView
from anycost_backend.editing.composite.wrinkles import smoothed
from anycost_backend.editing.monochrome import apply_monochrome_curve

_WHOLE = 0.1  # share of a pixel from which on it is all exchanged


@dataclass(frozen=True)
class Recolouring:
    """What an attribute at a multiple of −1 and of 1 does."""

    area: Area
    less: Tint
    more: Tint


RECOLOURINGS = {
    "skin_warmth": Recolouring("skin", Tint(yellow=-10.0, red=-2.0), Tint(yellow=10.0, red=1.5)),
    "blush": Recolouring("cheeks", Tint(red=-8.0), Tint(red=8.0, light=-0.04)),
    "lip_colour": Recolouring("lips", Tint(red=-9.0, light=0.05), Tint(red=14.0, yellow=1.5, light=-0.14)),
    "eye_makeup": Recolouring("lids", Tint(light=1.5), Tint(light=-0.7, red=1.0)),
    "hair_lightness": Recolouring("hair", Tint(light=-0.8), Tint(light=0.8)),
    "hair_blond": Recolouring(
        "hair", Tint(light=-0.2, colour=-0.6, yellow=-1.5), Tint(light=0.5, colour=-0.4, red=1.0, yellow=12.0)
    ),
    "hair_red": Recolouring("hair", Tint(colour=-0.4, red=-2.0), Tint(light=0.1, red=5.0, yellow=3.0)),
    "hair_grey": Recolouring("hair", Tint(light=-0.2, colour=0.3, red=3.0, yellow=6.0), Tint(light=0.3, colour=-0.7)),
}
LIGHTS = {"light_side": (1.0, 0.0), "light_above": (0.0, -1.0)}  # to the right and downwards: where 1 comes from

WRINKLES = {"age": (-0.6, 0.5)}  # by how much of themselves those of the photo grow at a multiple of −1, and of 1
BROWS = {"brow_boldness": (-1.7, 1.0)}  # the same of brows, as powers of 2 of how far they differ from the skin
RECOLOURED = frozenset((*RECOLOURINGS, *LIGHTS, *WRINKLES, *BROWS))


def recoloured(
    original: PhotoView, ground: Groundwork, amounts: Mapping[str, float], hair: np.ndarray | None = None
) -> Change:
    """amounts: multiples of the steps of these attributes, by name, in `RECOLOURED`. ground: of the region "skin".
    hair: float32 [s, s], 0…1, the share of hair; None: as it was parsed"""
    hair = ground.there["hair"] if hair is None else hair
    picture, changes = ground.photo, np.zeros(ground.photo.shape[:2], np.float32)
    for area, tint in _tints(amounts).items():
        share, colours = shown_colours(original, ground, hair, area)
        picture = picture + times(tinted(colours, tint) - colours, share)
        changes = np.maximum(changes, share)
    stops = sum(BROWS[name][amount > 0] * abs(amount) for name, amount in amounts.items() if name in BROWS)
    if stops:
        picture, share = bolder(picture, original, ground, stops)
        changes = np.maximum(changes, share)
    deeper = sum(WRINKLES[name][amount > 0] * abs(amount) for name, amount in amounts.items() if name in WRINKLES)
    if deeper:
        picture, share = smoothed(picture, ground, min(-deeper, 1.0))
        changes = np.maximum(changes, share)
    towards = sum((amount * np.array(LIGHTS[name]) for name, amount in amounts.items() if name in LIGHTS), np.zeros(2))
    if towards.any():
        picture, share = relit(picture, original, ground, hair, towards)
        changes = np.maximum(changes, share)
    if original.curve is not None:
        picture = four_planes(apply_monochrome_curve(picture[:, :, :3], original.curve))
    where = ramp(changes, 0, _WHOLE) * ground.edge
    if ground.mine is not None:
        where *= ground.mine
    added, kept = resized(picture - ground.photo, len(original.image)), np.ones_like(where)
    source = places(ground.smooth, original.reach)
    return Change(original.reach, source, kept, added, np.where(where < LEAST, 0, where))


def _tints(amounts: Mapping[str, float]) -> dict[Area, Tint]:
    """The sum for each area."""
    tints: dict[Area, Tint] = {}
    for name, amount in amounts.items():
        if one := RECOLOURINGS.get(name):
            tint = (one.more if amount > 0 else one.less) * abs(amount)
            tints[one.area] = tints.get(one.area, Tint()) + tint
    return tints
