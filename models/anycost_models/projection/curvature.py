"""How much a step in W+ changes the image, on average over faces: what makes projection fast.

A generator's images respond to some directions of W+ a thousand times more than to others, and to nearly the same ones
wherever a face lies (Wang and Ponce, "The Geometry of Deep Generative Image Models and its Applications", 2021,
arXiv:2101.06006). Known beforehand, this saves the many steps in which an optimiser would find it out. Stored per row
of W+ as the mean Gauss-Newton matrix of projection's loss: its strongest directions, and the mean of the rest.

Made by `python -m anycost_models.training.scripts.measure_curvature`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.weights import EMBEDDED_CURVATURE, intact

FAMILY = "projection-curvature"  # what its files say they are


@dataclass(frozen=True, eq=False)
class Curvature:
    """In units of the styles' standard deviation."""

    directions: np.ndarray  # [styles, K, D], orthonormal within a row
    values: np.ndarray  # [styles, K]: the loss's second derivative along each, halved
    rest: np.ndarray  # [styles]: the mean of that along all others

    def precondition(self, gradient: np.ndarray, damping: float) -> np.ndarray:
        """The inverse of the damped curvature times the gradient [styles, D]: a Newton step, pointing uphill."""
        along = np.einsum("rkd,rd->rk", self.directions, gradient)
        others = gradient - np.einsum("rkd,rk->rd", self.directions, along)
        steps = along / (2 * self.values + damping)
        return np.einsum("rkd,rk->rd", self.directions, steps) + others / (2 * self.rest[:, None] + damping)


def curvature_of(gradients: np.ndarray, directions: int = 64) -> Curvature:
    """gradients [N, styles, D]: of the loss's residuals, projected on random directions of unit variance each."""
    found = [np.linalg.svd(row / len(row) ** 0.5, full_matrices=False) for row in gradients.swapaxes(0, 1)]
    kept = min(directions, len(gradients))
    values = np.stack([s**2 for _, s, _ in found])  # [styles, min(N, D)]
    others = max(gradients.shape[2] - kept, 1)
    return Curvature(np.stack([v[:kept] for _, _, v in found]), values[:, :kept], values[:, kept:].sum(1) / others)


def save_curvature(curvature: Curvature, path: Path) -> None:
    """Raises AnycostError when it cannot be written; a file that was there is untouched then."""
    named = {"directions": curvature.directions.astype(np.float16), "values": curvature.values, "rest": curvature.rest}
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in named.items()}
    write_aside(path, save(tensors, {"family": FAMILY, "config": "{}"}))


def load_curvature(path: Path = EMBEDDED_CURVATURE) -> Curvature:
    """Raises AnycostError when it is missing or damaged."""
    try:
        with safe_open(intact(path), "np") as file:
            if (file.metadata() or {}).get("family") != FAMILY:
                raise ValueError("it holds something else")
            directions, values, rest = (
                file.get_tensor(name).astype(np.float32) for name in ("directions", "values", "rest")
            )
    except (SafetensorError, OSError, ValueError) as error:
        raise AnycostError(
            f"the curvature {path} is missing or damaged ({error})", "install the package again"
        ) from error
    fits = directions.ndim == 3 and values.shape == directions.shape[:2] and rest.shape == directions.shape[:1]
    if (
        not fits
        or not all(np.isfinite(t).all() for t in (directions, values, rest))
        or min(values.min(), rest.min()) < 0
    ):
        raise AnycostError(f"the curvature {path} is damaged", "install the package again")
    return Curvature(directions, values, rest)
