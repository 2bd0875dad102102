"""Regresses the labels on the rows of W+, and plans steps that move one label and hold the others."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.training.directions.label_samples import GROUPS

COMPONENTS = 72  # principal components of w: four fifths of its variance
_CLIP = 3.0  # standard deviations at which a label's outliers are clipped
_ITERATIONS = 3  # of the relevance estimation
_FACE_DEVIATION = 0.5  # standard deviation, over faces, of a step's effect on a label (in its standard deviations)
_GAIN_ERROR = 0.03  # prior standard deviation of a gain's error: label per coordinate, both in standard deviations


@dataclass(frozen=True, eq=False)
class WPlusCoordinates:
    """Coordinates of W+: for each group of rows, the first K principal components of w, in standard deviations."""

    mean: np.ndarray  # [D]
    components: np.ndarray  # [D, K]
    deviations: np.ndarray  # [K] of w along them

    @classmethod
    def of(cls, model: ElasticGenerator, samples: int = 20_000) -> "WPlusCoordinates":
        z = torch.randn(samples, model.config.style_dim, generator=torch.Generator().manual_seed(9))
        with torch.inference_mode():
            w = model.styles(z, 1.0).double().numpy()
        mean = model.mean_style.double().numpy()
        variances, components = np.linalg.eigh(np.cov((w - mean).T))
        order = slice(None, -COMPONENTS - 1, -1)
        return cls(mean, components[:, order], np.sqrt(variances[order]))

    def coordinates(self, groups: np.ndarray) -> np.ndarray:
        """w [N, groups, D] → [N, groups · K]."""
        x: np.ndarray = (groups - self.mean) @ self.components / self.deviations
        return x.reshape(len(groups), -1)

    def step(self, x: np.ndarray) -> np.ndarray:
        """Coordinates [groups · K] of a step → its change of w in each group, float32 [groups, D]."""
        steps: np.ndarray = (x.reshape(len(GROUPS), -1) * self.deviations) @ self.components.T
        return steps.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Effects:
    """The linear model: labels ≈ mean + gains · coordinates, both in standard deviations."""

    names: tuple[str, ...]
    gains: np.ndarray  # [L, groups · K]
    deviations: np.ndarray  # [L] of each label over the samples, in its unit
    r2: np.ndarray  # [L] on held-out samples
    identity: np.ndarray  # [128, groups · K]: gains of the identity embedding, in its unit

    def plan(
        self,
        label: str,
        effect: float,
        free: Collection[str] = (),
        hold: float = 300.0,
        identity: float = 300.0,
        rows: slice | None = None,
    ) -> np.ndarray:
        """The most likely step that moves `label` by `effect` standard deviations and little else: [groups · K].

        free: labels that may move along
        hold, identity: cost of a squared standard deviation of another label, and of a squared unit of the embedding,
            relative to a squared standard deviation of w
        rows: groups that may move; each moves in proportion to its effect on the label"""
        own = self.names.index(label)
        gains = self.gains[own].reshape(len(GROUPS), -1)
        share = np.linalg.norm(gains, axis=1)
        allowed = np.zeros(len(GROUPS))
        allowed[rows or slice(None)] = 1
        share = allowed * share / share.max()
        variance = np.repeat(np.maximum(share**2, 1e-9), gains.shape[1])
        others = [i for i, name in enumerate(self.names) if i != own and name not in free]
        held = np.concatenate([np.sqrt(hold) * self.gains[others], np.sqrt(identity) * self.identity])
        # (D⁻¹ + HᵀH)⁻¹ b by the Woodbury identity: there are fewer labels than coordinates
        b = self.gains[own]
        spread = variance * held
        inner = np.eye(len(held)) + spread @ held.T
        step = variance * b - spread.T @ np.linalg.solve(inner, held @ (variance * b))
        return step * effect / (b @ step)

    def corrected(self, steps: np.ndarray, measured: np.ndarray, faces: np.ndarray) -> "Effects":
        """Gains corrected by measured effects: a Bayesian update that weighs them by the number of faces.

        steps: [A, groups · K]; measured: their effects in standard deviations [A, L], NaN where unknown; faces: [A]"""
        residual = np.nan_to_num(measured - steps @ self.gains.T)
        noise = _FACE_DEVIATION**2 / faces / _GAIN_ERROR**2
        change = np.linalg.solve(steps @ steps.T + np.diag(noise), residual)
        return replace(self, gains=self.gains + change.T @ steps)


def regress(samples: Path, space: WPlusCoordinates) -> Effects:
    """Fits the model to the file that `label_samples.sample_labels` wrote."""
    with np.load(samples) as stored:
        names = tuple(stored["names"].tolist())
        groups, values, embeddings = (stored[name].astype(np.float64) for name in ("w", "labels", "identities"))
    x = space.coordinates(groups)
    scale = np.tile(
        (space.deviations / space.deviations[0]) ** 0.5, len(GROUPS)
    )  # stronger components have more effect
    x = (x * scale).astype(np.float32)
    deviations = np.nanstd(values, axis=0)
    y = np.clip((values - np.nanmean(values, axis=0)) / deviations, -_CLIP, _CLIP).astype(np.float32)
    gains, r2 = [], []
    for column in y.T:
        known = np.isfinite(column)
        gain, penalty = _relevance_regression(x[known], column[known] - column[known].mean())
        gains.append(gain)
        held_out = np.arange(len(x)) < len(x) // 5
        train, test = x[known & ~held_out], x[known & held_out]
        target = column[known & ~held_out] - column[known & ~held_out].mean()
        found = np.linalg.solve(train.T @ train + np.diag(penalty), train.T @ target)
        r2.append(1 - (column[known & held_out] - test @ found).var() / column[known & held_out].var())
    known = np.isfinite(embeddings[:, 0])
    centred = (embeddings[known] - embeddings[known].mean(axis=0)).astype(np.float32)
    gram = x[known] @ x[known].T
    ridge = 0.3 * np.trace(gram) / len(gram)
    identity = (x[known].T @ np.linalg.solve(gram + ridge * np.eye(len(gram)), centred)).T
    return Effects(names, np.array(gains, np.float64) * scale, deviations, np.array(r2), identity * scale)


def _relevance_regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bayesian linear regression with automatic relevance determination: a prior variance for each group of rows, and
    the noise of y, by evidence maximisation.

    x: [N, groups · K]; y: [N]. Returns gains and ridge penalties [groups · K]."""
    k = x.shape[1] // len(GROUPS)
    gram, target = x.T @ x, x.T @ y
    relevance = np.full(len(GROUPS), 0.5 / np.trace(gram) * len(y))
    noise = 0.5 * float(y.var())
    gain = np.zeros(x.shape[1])
    for _ in range(_ITERATIONS):
        prior = np.repeat(relevance, k).astype(np.float32)
        covariance = np.linalg.inv(gram / np.float32(noise) + np.diag(1 / prior))
        gain = covariance @ target / np.float32(noise)
        posterior = np.diag(covariance)
        relevance = np.maximum((gain**2 + posterior).reshape(len(GROUPS), k).mean(axis=1), 1e-9)
        freedom = float((1 - posterior / prior).sum())
        noise = float(((y - x @ gain) ** 2).sum()) / max(len(y) - freedom, 0.1 * len(y))
    return gain, noise / np.repeat(relevance, k)
