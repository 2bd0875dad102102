"""What an edit's strengths say about how it goes into the photo, which no generator knows."""

from collections.abc import Mapping

import numpy as np
from anycost_models.editing.directions import Directions

from anycost_backend.editing.composite.views import HairChange

# By how much of itself the photo's grain grows with an attribute's step.
_GRAIN = {"skin_smoothness": -0.8, "age": 0.25}
_HAIR_CHANGES: Mapping[str, tuple[HairChange, HairChange]] = {  # below strength 0, above
    "hair_length": ("goes", "hangs"),
    "fringe": ("goes", "grows"),
    "hair_volume": ("goes", "any"),
    "hair_curl": ("stays", "any"),
}

# On a face that has nothing for an attribute to change, these strengths draw it.
DRAWN_BY: Mapping[str, Mapping[str, float]] = {"lens_tint": {"glasses": 1.0}}


def grain_of(directions: Directions, strengths: Mapping[str, float]) -> float:
    """−1…1: by how much of itself the grain of the photo's skin grows, which no generator knows."""
    grows = sum(
        share * directions.direction(name).multiple(strengths[name])
        for name, share in _GRAIN.items()
        if name in strengths
    )
    return float(np.clip(grows, -0.9, 0.9))


def hair_change(strengths: Mapping[str, float]) -> HairChange:
    """What hair may do for these strengths."""
    wanted = {_HAIR_CHANGES.get(name, ("any", "any"))[strength > 0] for name, strength in strengths.items() if strength}
    if len(wanted) == 1:
        return wanted.pop()
    return "grows" if wanted == {"grows", "hangs"} else "goes" if wanted == {"goes", "stays"} else "any"


def worn(strengths: Mapping[str, float]) -> bool:
    """Whether glasses that the photo shows stay: unless their own slider moves."""
    return not strengths.get("glasses")


def rigid(strengths: Mapping[str, float]) -> bool:
    """Whether glasses are put on: they follow the face, but not its lids."""
    return strengths.keys() == {"glasses"} and strengths["glasses"] > 0


def taken_off(strengths: Mapping[str, float]) -> float:
    """How far glasses that the photo shows go, 0…1."""
    return min(max(-strengths.get("glasses", 0.0), 0.0), 1.0)
