"""Distils a generator's sub-generators from its own full network, frozen: the embedded model's training."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.engine import losses
from anycost_models.training.engine.device import features_in, is_fast, training_device
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import choose
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, optimizers


def distillation_trainer(stage: TrainingStage, folder: Path) -> Trainer:
    """Raises AnycostError when the stage names a generator without nested weights."""
    weights = () if stage.generator == "embedded" else (Path(stage.generator),)
    student, teacher = load_generator(*weights), load_generator(*weights)
    if not isinstance(student, MobileGenerator) or not isinstance(teacher, MobileGenerator) or student.nested is None:
        raise AnycostError(f"'{stage.generator}' has no nested weights to distil", "take the embedded generator")
    device = training_device()
    student, teacher = student.to(device), teacher.to(device)
    fast = is_fast(stage, device)
    faces = GeneratedFaces(teacher, stage.data, stage.seed, folder / "faces", fast)
    perceptual = load_perceptual().requires_grad_(False).to(device)

    def of_student(batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        subs = choose(student, stage.sub_generators, stage.seed, batch.step)
        resolution = subs[0].resolution
        latent, goal = faces.faces(batch.samples, resolution)
        corner = torch.rand(2, generator=torch.Generator().manual_seed(batch.samples.start)).tolist()
        distance = losses.Distance(goal, perceptual, stage.distillation, (corner[0], corner[1]))
        for sub in subs:
            with features_in(fast, device):
                pictures = student.all_pictures(latent, sub)
            yield distance(pictures)

    phase = Phase("student", 1, optimizers(student, stage.optimizer, stage.trainable), of_student)
    return Trainer(stage, student, [phase], folder)
