"""How far a generator's faces are from its training images: FD-ENL0, at their own side."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.image_metrics import frechet_distance, pooled_features
from anycost_models.training.data.image_dataset import ImageDataset
from anycost_models.training.engine.stage import SubGeneratorSampling

MOST = 32_000  # training images
_BATCH = 100  # images


class TrainingDistance:
    """To the first of these images. Measures on the CPU; its first use takes a minute."""

    def __init__(self, images: ImageDataset, samples: int) -> None:
        """samples: faces of a generator, at least 2"""
        self._images, self._samples = images, samples
        self._perceptual = load_perceptual().requires_grad_(False)
        self._known: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """Pooled ENL0 features of the training images, [N, 192]."""
        if self._known is None:
            numbers = torch.arange(min(len(self._images), MOST)).split(_BATCH)
            self._known = self._features(torch.stack([self._images[int(i)] for i in part]) for part in numbers)
        return self._known

    def __call__(self, generator: ElasticGenerator, sub: SubGenerator, seed: int = 0) -> float:
        """FD-ENL0 of its held-out faces, untruncated. Raises AnycostError for fewer than 2 samples."""
        return frechet_distance(self._features(faces(generator, sub, seed, self._samples)), self.known)

    def of_stage(self, sampling: SubGeneratorSampling, generator: ElasticGenerator) -> dict[str, float]:
        """FD-ENL0 of what a stage trains, at its highest resolution, by "distance/RATIO"."""
        ratios = (1.0,) if sampling.channels == "full" else (1.0, 0.5, 0.25)
        resolution = max(sampling.resolutions)
        return {f"distance/{ratio:g}": self(generator, SubGenerator(resolution, ratio)) for ratio in ratios}

    def _features(self, batches: Iterator[Tensor]) -> np.ndarray:
        with torch.no_grad():
            return np.concatenate([pooled_features(self._perceptual, batch) for batch in batches])


def faces(generator: ElasticGenerator, sub: SubGenerator, seed: int, samples: int) -> Iterator[Tensor]:
    """Held-out faces of the sub-generator, untruncated, in batches: [N, 3, R, R], −1…1. Raises AnycostError for fewer
    than 2 samples."""
    small = generator.extract(sub)
    for styles in held_out_styles(generator, samples, seed, truncation=1.0)[:, 0].split(_BATCH):
        with torch.no_grad():
            yield small(styles).clamp(-1, 1).float().cpu()
