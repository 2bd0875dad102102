"""What each row of W+ does to each label: a regression of labels on mixed latents, and steps planned with it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.training.directions.label_samples import GROUPS

COMPONENTS = 72  # principal components of w that are looked at: four fifths of its variance
_CLIP = 3.0  # standard deviations: a label's outliers count no more than that
_ROUNDS = 3
_FACE_TO_FACE = 0.5  # standard deviations by which the effect of a step on a label differs from face to face
_GAIN_ERROR = 0.03  # of a gain, standard deviations of a label per standard deviation of w


@dataclass(frozen=True, eq=False)
class WPlusCoordinates:
    """Coordinates of W+: for each group of rows, w's first principal components, in standard deviations."""

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
        """Coordinates [groups · K] of a step → what it adds to W+ by group, float32 [groups, D]."""
        steps: np.ndarray = (x.reshape(len(GROUPS), -1) * self.deviations) @ self.components.T
        return steps.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Effects:
    """labels ≈ mean + gains · coordinates, labels in standard deviations."""

    names: tuple[str, ...]
    gains: np.ndarray  # [L, groups · K]
    deviations: np.ndarray  # [L] of each label over the samples, in its own unit
    r2: np.ndarray  # [L] on samples that were held out
    identity: np.ndarray  # [128, groups · K]: the same for the identity's embedding, in its own unit

    def plan(
        self,
        label: str,
        effect: float,
        free: Collection[str] = (),
        hold: float = 300.0,
        identity: float = 300.0,
        rows: slice | None = None,
    ) -> np.ndarray:
        """[groups · K]: the likeliest step that moves `label` by `effect` standard deviations and little else.

        free: labels that may move along
        hold, identity: what a squared standard deviation of another label, and a squared unit of the embedding, cost
            against a squared standard deviation of w
        rows: of groups, those that may move; groups move by how much they do to the label"""
        own = self.names.index(label)
        gains = self.gains[own].reshape(len(GROUPS), -1)
        share = np.linalg.norm(gains, axis=1)
        allowed = np.zeros(len(GROUPS))
        allowed[rows or slice(None)] = 1
        share = allowed * share / share.max()
        variance = np.repeat(np.maximum(share**2, 1e-9), gains.shape[1])
        others = [i for i, name in enumerate(self.names) if i != own and name not in free]
        held = np.concatenate([np.sqrt(hold) * self.gains[others], np.sqrt(identity) * self.identity])
        # (D⁻¹ + HᵀH)⁻¹ b by Woodbury, since there are fewer labels than coordinates
        b = self.gains[own]
        spread = variance * held
        inner = np.eye(len(held)) + spread @ held.T
        step = variance * b - spread.T @ np.linalg.solve(inner, held @ (variance * b))
        return step * effect / (b @ step)

    def corrected(self, steps: np.ndarray, measured: np.ndarray, faces: np.ndarray) -> "Effects":
        """With the gains that explain what `steps` [A, groups · K] were measured to do [A, L] (NaN: not known) on so
        many `faces` [A], changed as little as chance allows."""
        missing = np.nan_to_num(measured - steps @ self.gains.T)
        noise = _FACE_TO_FACE**2 / faces / _GAIN_ERROR**2
        change = np.linalg.solve(steps @ steps.T + np.diag(noise), missing)
        return replace(self, gains=self.gains + change.T @ steps)


def regress(samples: Path, space: WPlusCoordinates) -> Effects:
    """From what `label_samples` wrote."""
    with np.load(samples) as stored:
        names = tuple(stored["names"].tolist())
        groups, values, embeddings = (stored[name].astype(np.float64) for name in ("w", "labels", "identities"))
    x = space.coordinates(groups)
    scale = np.tile((space.deviations / space.deviations[0]) ** 0.5, len(GROUPS))  # stronger components do more
    x = (x * scale).astype(np.float32)
    deviations = np.nanstd(values, axis=0)
    y = np.clip((values - np.nanmean(values, axis=0)) / deviations, -_CLIP, _CLIP).astype(np.float32)
    gains, r2 = [], []
    for column in y.T:
        known = np.isfinite(column)
        gain, penalty = _relevance_regression(x[known], column[known] - column[known].mean())
        gains.append(gain)
        held = np.arange(len(x)) < len(x) // 5
        train, test = x[known & ~held], x[known & held]
        target = column[known & ~held] - column[known & ~held].mean()
        found = np.linalg.solve(train.T @ train + np.diag(penalty), train.T @ target)
        r2.append(1 - (column[known & held] - test @ found).var() / column[known & held].var())
    known = np.isfinite(embeddings[:, 0])
    centred = (embeddings[known] - embeddings[known].mean(axis=0)).astype(np.float32)
    gram = x[known] @ x[known].T
    ridge = 0.3 * np.trace(gram) / len(gram)
    identity = (x[known].T @ np.linalg.solve(gram + ridge * np.eye(len(gram)), centred)).T
    return Effects(names, np.array(gains, np.float64) * scale, deviations, np.array(r2), identity * scale)


def _relevance_regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bayesian regression that finds for itself how much each group of rows matters, and how noisy y is.

    Gains and the ridge that belongs to each."""
    k = x.shape[1] // len(GROUPS)
    gram, target = x.T @ x, x.T @ y
    relevance = np.full(len(GROUPS), 0.5 / np.trace(gram) * len(y))
    noise = 0.5 * float(y.var())
    gain = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        prior = np.repeat(relevance, k).astype(np.float32)
        covariance = np.linalg.inv(gram / np.float32(noise) + np.diag(1 / prior))
        gain = covariance @ target / np.float32(noise)
        left = np.diag(covariance)
        relevance = np.maximum((gain**2 + left).reshape(len(GROUPS), k).mean(axis=1), 1e-9)
        freedom = float((1 - left / prior).sum())
        noise = float(((y - x @ gain) ** 2).sum()) / max(len(y) - freedom, 0.1 * len(y))
    return gain, noise / np.repeat(relevance, k)
