"""Landmarks and parts measured every 0.5 strength, interpolated between.

Measuring takes about as long as rendering, and measured landmarks tremble a little from image to image."""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from anycost_models.face.landmarks import Landmarks

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.head_parts import HeadParts

_STEP = 0.5  # strength between two measurements


@dataclass(frozen=True)
class FaceGeometry:
    """Measured on one image of the aligned face."""

    landmarks: Landmarks  # square units
    parts: HeadParts

    def toward(self, other: "FaceGeometry", share: float) -> "FaceGeometry":
        """Interpolates. share: 0 for this one, 1 for the other."""
        points = self.landmarks.points + np.float32(share) * (other.landmarks.points - self.landmarks.points)
        parts = self.parts.toward(other.parts, share)
        return FaceGeometry(Landmarks(points, min(self.landmarks.presence, other.landmarks.presence)), parts)


class LandmarkInterpolator:
    """For the faces of one session."""

    def __init__(self, cache: ByteLRUCache) -> None:
        self._cache = cache
        self._last: dict[Hashable, tuple[tuple[Hashable, ...], Mapping[str, float], str | None]] = {}

    def find(
        self,
        layer: Hashable,
        key: tuple[Hashable, ...],
        strengths: Mapping[str, float],
        measure: Callable[[Mapping[str, float]], FaceGeometry],
    ) -> FaceGeometry | None:
        """The geometry at these strengths (attribute → −2…2). None unless a single slider has moved since the last
        call, and nothing else: then measure the image itself.

        layer: the face, and what of its edit; key: of all but the strengths, prefix of the keys in the cache; measure:
        renders with other strengths and measures"""
        slider = self._moved(layer, key, strengths)
        if slider is None:
            return None
        rest = tuple(sorted((name, value) for name, value in strengths.items() if name != slider))
        strength = strengths.get(slider, 0.0)
        low = _STEP * math.floor(strength / _STEP)

        def measured(at: float) -> FaceGeometry:
            return self._cache.get((*key, rest, slider, at), lambda: measure({**strengths, slider: at}))

        below = measured(low)
        return below if strength == low else below.toward(measured(low + _STEP), (strength - low) / _STEP)

    def _moved(self, layer: Hashable, key: tuple[Hashable, ...], strengths: Mapping[str, float]) -> str | None:
        """The only slider that has moved; the one before if none has."""
        last, before, slider = self._last.get(layer, (key, {}, None))
        moved = [name for name in {*before, *strengths} if before.get(name, 0.0) != strengths.get(name, 0.0)]
        if moved:
            slider = moved[0] if len(moved) == 1 else None
        self._last[layer] = key, dict(strengths), slider
        return slider if key == last else None
