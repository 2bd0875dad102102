"""Clusters of the generator's features: what it draws, sorted without labels, to be named by looking."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

NAMED = Path(__file__).parent / "clusters.safetensors"  # those that names.toml names

_ODD = 6.0  # standard deviations beyond which a feature says no more
_DIMMED, _MARK = 40, (255, 0, 255)


@dataclass(frozen=True, eq=False)
class Projection:
    """Features of one level, standardised channel by channel, on their principal axes."""

    mean: Tensor  # [C]
    deviation: Tensor  # [C]
    axes: Tensor  # [C, D]

    @classmethod
    def fit(cls, samples: Tensor, axes: int) -> "Projection":
        """samples: [N, C]"""
        mean, deviation = samples.mean(0), samples.std(0) + 1e-6
        standard = ((samples - mean) / deviation).clamp(-_ODD, _ODD)
        _, vectors = torch.linalg.eigh(standard.T @ standard / len(samples))
        return cls(mean, deviation, vectors[:, -axes:].flip(1))

    def __call__(self, features: Tensor) -> Tensor:
        """[C, H, W] → [D, H, W]"""
        standard = ((features - self.mean[:, None, None]) / self.deviation[:, None, None]).clamp(-_ODD, _ODD)
        return torch.einsum("cd,chw->dhw", self.axes, standard)

    def unfolded(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """A linear layer [P, D], [P] on the projection as one on the features: [P, C], [P]."""
        full = weight @ self.axes.T / self.deviation
        return full, bias - full @ self.mean


def together(coarse: Tensor, fine: Tensor) -> Tensor:
    """What is clustered: projected features [D, 64, 64] and [d, 128, 128] → unit vectors [64 · 64, D + d]."""
    pooled = torch.nn.functional.avg_pool2d(fine, 2)
    parts = [coarse / coarse.norm(dim=0), 0.5 * pooled / pooled.norm(dim=0)]
    vectors = torch.cat(parts).flatten(1).T
    return vectors / vectors.norm(dim=1, keepdim=True)


@dataclass(frozen=True, eq=False)
class Clusters:
    """What is found once. Names belong to it: found again, clusters have other numbers."""

    projections: tuple[Projection, Projection]  # of the features of 64 and of 128 px
    middles: Tensor  # [K, D]

    def nearest(self, coarse: Tensor, fine: Tensor) -> np.ndarray:
        """The cluster of each place, uint8 [64, 64], of projected features."""
        return (together(coarse, fine) @ self.middles.T).argmax(1).reshape(coarse.shape[1:]).byte().numpy()

    def save(self, path: Path) -> None:
        tensors = {"middles": self.middles.half()}
        for side, projection in zip(("64", "128"), self.projections, strict=True):
            tensors |= {f"{side}.{name}": value.half().contiguous() for name, value in vars(projection).items()}
        save_file(tensors, path)

    @classmethod
    def load(cls, path: Path = NAMED) -> "Clusters":
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
        first, second = (
            Projection(*(tensors[f"{side}.{name}"] for name in ("mean", "deviation", "axes"))) for side in ("64", "128")
        )
        return cls((first, second), tensors["middles"])


def spherical_k_means(vectors: Tensor, clusters: int, seed: int, rounds: int = 25) -> Tensor:
    """The clusters' middles, unit vectors [K, D], of unit vectors [N, D]; begun as k-means++ does."""
    rng = torch.Generator().manual_seed(seed)
    middles = vectors[:1]
    while len(middles) < clusters:
        far = (1 - (vectors @ middles.T).max(1).values).clamp(min=1e-9)
        middles = torch.cat([middles, vectors[torch.multinomial(far, 1, generator=rng)]])
    for _ in range(rounds):
        nearest = (vectors @ middles.T).argmax(1)
        sums = torch.zeros_like(middles).index_add_(0, nearest, vectors)
        empty = sums.norm(dim=1, keepdim=True) < 1e-6
        middles = torch.where(empty, middles, sums / sums.norm(dim=1, keepdim=True).clamp(min=1e-6))
    return middles


def cluster_sheet(images: np.ndarray, nearest: np.ndarray, clusters: range, tile: int = 112) -> np.ndarray:
    """uint8 RGB: a row for each cluster, on four faces that have most of it and two that have little.

    images: uint8 [N, S, S, 3]; nearest: [N, h, w]"""
    rows = []
    for cluster in clusters:
        count = (nearest == cluster).reshape(len(images), -1).sum(1)
        order = np.argsort(-count)
        shown = [*order[:4], *[face for face in order[4:] if count[face] > 6][2:8:3]]
        row = np.zeros((tile, 6 * tile, 3), np.uint8)
        for place, face in enumerate(shown):
            mark = cv2.resize((nearest[face] == cluster).astype(np.uint8), (tile, tile), interpolation=0)[..., None]
            image = cv2.resize(images[face], (tile, tile), interpolation=cv2.INTER_AREA)
            marked = (image // 2 + np.array(_MARK) // 2).astype(np.uint8)
            row[:, place * tile : (place + 1) * tile] = np.where(mark > 0, marked, image // 2 + _DIMMED)
            cv2.putText(row, str(face), (place * tile + tile - 24, tile - 4), 0, 0.35, (0, 255, 0), 1)
        cv2.putText(row, str(cluster), (2, 16), 0, 0.6, (255, 255, 0), 2)
        rows.append(row)
    return np.concatenate(rows)
