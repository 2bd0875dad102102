"""Two optimisers of a latent: Adam, which knows nothing beforehand, and L-BFGS preconditioned by a measured curvature.

Points and gradients are float32 [styles, D], in standard deviations of w.
"""

import math
from typing import Protocol

import numpy as np

from anycost_models.projection.curvature import Curvature

ENOUGH = 1e-4  # of the fall that the slope promises: less is no step down
SHORTER = 0.35  # times a step that led uphill
FIRST = 0.5  # of the step that the mean curvature suggests, while little is known of this face's


class Optimizer(Protocol):
    def step(self, point: np.ndarray, loss: float, gradient: np.ndarray, rate: float) -> np.ndarray:
        """The next point to evaluate, from the loss and the gradient at `point`."""

    def restart(self) -> None:
        """From now on the loss is another function."""


class Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, arXiv:1412.6980, algorithm 1.

    rate: about the length of a step, in each coordinate"""

    def __init__(self, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        self.betas = betas
        self.restart()

    def restart(self) -> None:
        self.steps, self.mean, self.square = 0, np.zeros(()), np.zeros(())

    def step(self, point: np.ndarray, loss: float, gradient: np.ndarray, rate: float) -> np.ndarray:
        slow, slower = self.betas
        self.steps += 1
        self.mean = gradient + slow * (self.mean - gradient)
        self.square = gradient**2 + slower * (self.square - gradient**2)
        size = np.sqrt(self.square / (1 - slower**self.steps)) + 1e-8
        return point - rate * self.mean / (1 - slow**self.steps) / size


class QuasiNewton:
    """L-BFGS (Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980) with the measured curvature as its
    initial matrix. Its pairs are kept from one sub-generator's loss to the next: their images are nearly the same.
    rate: part of each step, usually 1"""

    def __init__(self, curvature: Curvature, damping: float, memory: int = 20) -> None:
        self.curvature, self.damping, self.memory = curvature, damping, memory
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []  # steps, and by how much the gradient changed over each
        self.restart()

    def restart(self) -> None:
        self.loss, self.length = math.inf, 0.0
        self.base = self.gradient = self.direction = np.zeros(())

    def step(self, point: np.ndarray, loss: float, gradient: np.ndarray, rate: float) -> np.ndarray:
        if self.loss < math.inf:
            promised = self.length * _dot(self.gradient, self.direction)
            if not loss <= self.loss - ENOUGH * promised:  # uphill, or no number
                self.length *= SHORTER
                return self.base - self.length * self.direction
            moved, change = point - self.base, gradient - self.gradient
            if _dot(moved, change) > 1e-8:
                self.pairs = [*self.pairs, (moved, change)][-self.memory :]
        self.base, self.loss, self.gradient = point, loss, gradient
        self.direction, self.length = self._two_loop(gradient), rate if len(self.pairs) > 1 else FIRST * rate
        return self.base - self.length * self.direction

    def _two_loop(self, gradient: np.ndarray) -> np.ndarray:
        """The two-loop recursion."""
        parts = []
        for moved, change in reversed(self.pairs):
            part = _dot(moved, gradient) / _dot(moved, change)
            gradient = gradient - part * change
            parts.append(part)
        direction = self.curvature.precondition(gradient, self.damping)
        for (moved, change), part in zip(self.pairs, reversed(parts), strict=True):
            direction = direction + moved * (part - _dot(change, direction) / _dot(moved, change))
        return direction


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.vdot(a, b))
