"""What a projection descends: a face as the goal, and who answers the loss and its gradient. Needs no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from anycost_models.core.images import to_signed_float
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionSettings

SIDE = 256  # pixels at which projection and face are compared


@dataclass(frozen=True, eq=False)
class Goal:
    """A face that is to be drawn."""

    face: np.ndarray  # aligned, uint8 RGB [256, 256, 3]
    importance: np.ndarray | None  # float32 [256, 256], 1 on face and hair, 0 elsewhere; None: all count the same
    settings: ProjectionSettings

    @cached_property
    def weight(self) -> np.ndarray:
        """Float32 [256, 256], what each pixel counts, 1 on average."""
        if self.importance is None:
            return np.ones((SIDE, SIDE), np.float32)
        weight = self.settings.outside + (1 - self.settings.outside) * self.importance.astype(np.float32)
        return np.asarray(weight / weight.mean(), np.float32)

    def at(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """The face, float32 [1, 3, side, side], −1…1, and the weight [1, 1, side, side], each pixel the mean of those
        that it covers."""
        face = _shrunk(to_signed_float(self.face), side).transpose(2, 0, 1)[None]
        return np.ascontiguousarray(face), _shrunk(self.weight, side)[None, None]


@dataclass(frozen=True, eq=False)
class Value:
    """Of the loss at one latent."""

    loss: float
    error: float  # mean squared one of the image, in −1…1, clamped
    enl0: float  # perceptual distance of the whole image
    gradient: np.ndarray  # float32 [styles, D], of the loss by the latent


class Losses(Protocol):
    """Of one generator's images."""

    @property
    def styles(self) -> int:
        """Rows of W+."""

    @property
    def full(self) -> SubGenerator: ...

    @property
    def mean_style(self) -> np.ndarray:
        """Float32 [D]."""

    @property
    def deviation(self) -> np.ndarray:
        """Float32 [D], the standard deviation of each dimension of w."""

    def rows(self, sub: SubGenerator) -> int:
        """How many of W+ shape what `sub` draws. Those after them only tint it, if anything."""

    def work(self, sub: SubGenerator) -> float:
        """Of one step, in any unit."""

    def of(self, sub: SubGenerator, goal: Goal) -> Callable[[np.ndarray], Value]:
        """The loss of `sub`'s image, compared at its size or 256 px: W+ [styles, D] → its value."""

    def prepare(self, sub: SubGenerator) -> None:
        """The loss of `sub` will be asked for soon."""

    def scores(self, latent: np.ndarray, goal: Goal) -> tuple[float, float]:
        """Mean squared error, in −1…1, and ENL0 of the full image of W+ [styles, D], at 256 px."""


def _shrunk(image: np.ndarray, side: int) -> np.ndarray:
    found: np.ndarray = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return found
