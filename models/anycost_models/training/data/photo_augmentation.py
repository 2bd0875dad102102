"""Photographic augmentation of generated faces for the encoder; with a GPU, worker processes compute it ahead."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from anycost_models.face import degradation
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.engine.stage import EncoderSettings
from anycost_models.training.engine.sub_generator_sampling import seed_of
from anycost_models.training.engine.trainer import Trainer, TrainingBatch

SIDE = 256  # pixels of the faces


def degrade_faces(
    faces: Sequence[np.ndarray],  # uint8 RGB [256, 256, 3]
    numbers: Sequence[int],  # of the samples, which seed the augmentation
    settings: EncoderSettings,
    seed: int,
) -> tuple[Tensor, Tensor]:
    """Photographs, and the same misaligned faces before light, lens and file: uint8 [N, 3, 256, 256] each."""
    strength = dataclasses.replace(
        degradation.TRAINING, shift=settings.shift, turn=settings.turn, zoom=settings.zoom, flip=0
    )
    images, targets = [], []
    for face, number in zip(faces, numbers, strict=True):
        degraded = degradation.degrade(face, seed_of("photograph", seed, number), strength)
        images.append(degraded.image)
        targets.append(degraded.target)
    first, second = (torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2) for batch in (images, targets))
    return first, second


def default_num_workers(device: torch.device) -> int:
    """Worker processes of the data loader: none on a CPU, which trains meanwhile."""
    return max((os.cpu_count() or 1) - 2, 1) if device.type == "cuda" else 0


class PhotoAugmentation:
    """The photographs of each batch; a face is augmented differently at each visit.

    num_workers: processes that prepare the next batches from a full pool; 0: in this process, on demand"""

    def __init__(
        self, faces: GeneratedFaces, settings: EncoderSettings, trainer: Trainer, num_workers: int = 0
    ) -> None:
        self.dataset, self.trainer = _DegradedFaces(faces, settings, trainer.stage.seed), trainer
        self.num_workers = num_workers
        self.next_samples: range | None = None
        self.stream: Iterator[tuple[Tensor, Tensor]] = iter(())

    def __call__(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Photographs and targets as `degrade_faces` returns them, on the CPU."""
        if batch.samples != self.next_samples:
            sampler = _RemainingBatches(self.trainer, batch)
            # The loader takes a seed from its generator: torch's global one must stay as it is.
            loader = DataLoader(
                self.dataset,
                None,
                sampler=sampler,
                num_workers=self.num_workers,
                worker_init_fn=_use_one_thread,
                generator=torch.Generator(),
            )
            self.order, self.stream = iter(sampler), iter(loader)
            self.next_samples = next(self.order)
        self.next_samples = next(self.order)
        return next(self.stream)


def _use_one_thread(_: int) -> None:
    cv2.setNumThreads(0)


class _RemainingBatches(Sampler[range]):
    """The samples of this batch and of all later ones of this process."""

    def __init__(self, trainer: Trainer, first: TrainingBatch) -> None:
        self.trainer, self.first = trainer, first

    def __iter__(self) -> Iterator[range]:
        for step in itertools.count(self.first.step):
            for batch in self.trainer.batches(step):
                if batch.samples.start >= self.first.samples.start:
                    yield batch.samples


class _DegradedFaces(Dataset[tuple[Tensor, Tensor]]):
    """The batches of photographs, by their range of samples."""

    def __init__(self, faces: GeneratedFaces, settings: EncoderSettings, seed: int) -> None:
        self.faces, self.settings, self.seed = faces, settings, seed

    def __getitem__(self, samples: range) -> tuple[Tensor, Tensor]:
        return degrade_faces([self.faces.cached(index) for index in samples], samples, self.settings, self.seed)
