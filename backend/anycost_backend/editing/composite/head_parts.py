"""The parts of a head as a composite takes them: what it asks for only, and four planes to an array."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import resized, warp

# Head with neck lies before background and clothes; nothing shines through the flesh: face, ears, neck, and clothes.
_OUTLINES = ("head_and_neck", "flesh", "hair", "glasses")
_LAYERS = ("background", "clothes", "neck", "head_covering")
GROUPS = ("flesh and neck", "hair", "clothes", "head covering and glasses")  # that follow the photo's tones together


class Planes:
    """Shares of parts of one place, 0…1. By name: float32 [s, s] each."""

    outlines: np.ndarray  # float32 [s, s, 4], in the order of _OUTLINES
    layers: np.ndarray  # float32 [s, s, 4], in the order of _LAYERS
    groups: np.ndarray  # float32 [c, c, 4], in the order of GROUPS

    def __getitem__(self, name: str) -> np.ndarray:
        return (self._named_outlines if name in _OUTLINES else self._named_layers)[name]

    @cached_property
    def head(self) -> np.ndarray:
        """What moves with a head: no neck."""
        return self["head_and_neck"] - self["neck"]

    @cached_property
    def person(self) -> np.ndarray:
        """Everything but the background."""
        return 1 - self["background"]

    @cached_property
    def _named_outlines(self) -> dict[str, np.ndarray]:
        return dict(zip(_OUTLINES, cv2.split(self.outlines), strict=True))

    @cached_property
    def _named_layers(self) -> dict[str, np.ndarray]:
        return dict(zip(_LAYERS, cv2.split(self.layers), strict=True))


@dataclass(frozen=True, eq=False)
class HeadParts(Planes):
    """As they were found."""

    outlines: np.ndarray
    layers: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, parts: Parts) -> "HeadParts":
        flesh = parts.together(("skin", "eyes", "mouth", "ears"))
        hair, neck, clothes = parts["hair"], parts["neck"], parts["clothes"]
        beside = parts.together(("head_covering", "glasses"))
        flesh_and_neck = flesh + neck
        return cls(
            cv2.merge([flesh_and_neck + hair + beside, flesh_and_neck + clothes, hair, parts["glasses"]]),
            cv2.merge([parts[name] for name in _LAYERS]),
            cv2.merge([flesh_and_neck, hair, clothes, beside]),
        )

    def resized(self, side: int, groups_side: int) -> "HeadParts":
        """groups_side: of the groups, pixels"""
        return HeadParts(resized(self.outlines, side), resized(self.layers, side), resized(self.groups, groups_side))

    def toward(self, other: "HeadParts", share: float) -> "HeadParts":
        """Interpolates. share: 0 for this one, 1 for the other."""
        if other is self:
            return self

        def between(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            return cv2.addWeighted(mine, 1 - share, theirs, share, 0)

        return HeadParts(
            between(self.outlines, other.outlines),
            between(self.layers, other.layers),
            between(self.groups, other.groups),
        )


@dataclass(frozen=True, eq=False)
class WarpedParts(Planes):
    """Warped as `arrays.warp` does, when they are asked for."""

    parts: HeadParts
    source: np.ndarray  # float32 [s, s, 2], square units
    reach: float  # of what the parts cover, in sides of the square
    groups_side: int  # pixels

    @cached_property
    def outlines(self) -> np.ndarray:  # type: ignore[override]
        return warp(self.parts.outlines, self.source, self.reach, len(self.source))

    @cached_property
    def layers(self) -> np.ndarray:  # type: ignore[override]
        return warp(self.parts.layers, self.source, self.reach, len(self.source))

    @cached_property
    def groups(self) -> np.ndarray:  # type: ignore[override]
        source = resized(self.source, self.groups_side)
        return warp(self.parts.groups, source, self.reach, self.groups_side)
