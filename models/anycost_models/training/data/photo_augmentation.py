"""Photographs of the pool's faces for the encoder to learn from; where a GPU waits other processes take them."""

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
from anycost_models.training.engine.stage import Encoding
from anycost_models.training.engine.sub_generator_sampling import seed_of
from anycost_models.training.engine.trainer import Trainer, TrainingBatch

SIDE = 256  # pixels of the faces


def taken(faces: Sequence[np.ndarray], numbers: Sequence[int], wanted: Encoding, seed: int) -> tuple[Tensor, Tensor]:
    """Faces [256, 256, 3] as a camera might have seen them: photographs [N, 3, 256, 256], and the same before light,
    lens and file; all uint8. They follow from the number of each."""
    strength = dataclasses.replace(degradation.TRAINING, shift=wanted.shift, turn=wanted.turn, zoom=wanted.zoom, flip=0)
    images, targets = [], []
    for face, number in zip(faces, numbers, strict=True):
        one = degradation.degrade(face, seed_of("photograph", seed, number), strength)
        images.append(one.image)
        targets.append(one.target)
    first, second = (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) for pictures in (images, targets))
    return first, second


def signed(pictures: Tensor) -> Tensor:
    """uint8 → float32, −1…1"""
    return pictures.float().div(127.5).sub(1)


def helpers(device: torch.device) -> int:
    """How many processes take photographs for one that trains on the device."""
    return max((os.cpu_count() or 1) - 2, 1) if device.type == "cuda" else 0


class PhotoAugmentation:
    """Takes each batch's photographs: another one at each visit of a face.

    workers: processes that take them ahead, of a pool that is full; 0: they are taken here, when they are wanted."""

    def __init__(self, faces: GeneratedFaces, wanted: Encoding, trainer: Trainer, workers: int = 0) -> None:
        self.photographs, self.trainer = _DegradedFaces(faces, wanted, trainer.stage.seed), trainer
        self.workers = workers
        self.expected: range | None = None
        self.stream: Iterator[tuple[Tensor, Tensor]] = iter(())

    def __call__(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Photographs and targets, as `taken` gives them, in the processor's memory."""
        if batch.samples != self.expected:
            coming = _RemainingBatches(self.trainer, batch)
            # A generator of its own: else it would take a number from torch's.
            loader = DataLoader(
                self.photographs,
                None,
                sampler=coming,
                num_workers=self.workers,
                worker_init_fn=_use_one_thread,
                generator=torch.Generator(),
            )
            self.order, self.stream = iter(coming), iter(loader)
            self.expected = next(self.order)
        self.expected = next(self.order)
        return next(self.stream)


def _use_one_thread(_: int) -> None:
    cv2.setNumThreads(0)


class _RemainingBatches(Sampler[range]):
    """The samples of a batch and of all that follow."""

    def __init__(self, trainer: Trainer, first: TrainingBatch) -> None:
        self.trainer, self.first = trainer, first

    def __iter__(self) -> Iterator[range]:
        for step in itertools.count(self.first.step):
            for batch in self.trainer.batches(step):
                if batch.samples.start >= self.first.samples.start:
                    yield batch.samples


class _DegradedFaces(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, faces: GeneratedFaces, wanted: Encoding, seed: int) -> None:
        self.faces, self.wanted, self.seed = faces, wanted, seed

    def __getitem__(self, samples: range) -> tuple[Tensor, Tensor]:
        return taken([self.faces.kept(index) for index in samples], samples, self.wanted, self.seed)
