"""What is found on a face while one of its sliders moves: measured at a few strengths, and between them in between.

Measuring takes about as long as drawing, and what is measured trembles a little from picture to picture."""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from anycost_models.face.landmarks import Landmarks

from anycost_backend.editing.byte_lru_cache import ByteLRUCache

_STEP = 0.5  # of strength, between two that are measured


@dataclass(frozen=True)
class FaceGeometry:
    """On one picture of the aligned face, [S, S]."""

    landmarks: Landmarks
    matte: np.ndarray  # float32 [S, S], the person

    def toward(self, other: "FaceGeometry", share: float) -> "FaceGeometry":
        """share: 0 for this one, 1 for the other."""
        points = self.landmarks.points + np.float32(share) * (other.landmarks.points - self.landmarks.points)
        matte = self.matte
        if matte is not other.matte:
            matte = matte + np.float32(share) * (other.matte - matte)
        return FaceGeometry(Landmarks(points, min(self.landmarks.presence, other.landmarks.presence)), matte)


class LandmarkInterpolator:
    """For the faces of one session."""

    def __init__(self, kept: ByteLRUCache) -> None:
        self._kept = kept
        self._last: dict[int, tuple[Mapping[str, float], str | None]] = {}

    def find(
        self,
        face: int,
        key: tuple[Hashable, ...],
        strengths: Mapping[str, float],
        measure: Callable[[Mapping[str, float]], FaceGeometry],
    ) -> FaceGeometry | None:
        """None where other than one slider has moved since the last time: measure the picture itself.

        key: what is kept is kept under it; measure: draws with other strengths and looks"""
        slider = self._moved(face, strengths)
        if slider is None:
            return None
        rest = tuple(sorted((name, value) for name, value in strengths.items() if name != slider))
        strength = strengths.get(slider, 0.0)
        low = _STEP * math.floor(strength / _STEP)

        def found(at: float) -> FaceGeometry:
            return self._kept.get((*key, rest, slider, at), lambda: measure({**strengths, slider: at}))

        below = found(low)
        return below if strength == low else below.toward(found(low + _STEP), (strength - low) / _STEP)

    def _moved(self, face: int, strengths: Mapping[str, float]) -> str | None:
        """The only slider that has; the one before where none has."""
        before, slider = self._last.get(face, ({}, None))
        moved = [name for name in {*before, *strengths} if before.get(name, 0.0) != strengths.get(name, 0.0)]
        if moved:
            slider = moved[0] if len(moved) == 1 else None
        self._last[face] = dict(strengths), slider
        return slider
