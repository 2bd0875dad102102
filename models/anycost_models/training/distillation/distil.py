"""Distils a mobile generator's sub-generators from its own full network, which is frozen.

Sampling and losses as in adaptive-channel training of Anycost GANs (Lin et al. 2021, arXiv 2103.03243), without a
discriminator. The network is MobileStyleGAN's (Belousov 2021, arXiv 2104.04767).
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.engine.device import autocast, training_device, use_bfloat16
from anycost_models.training.engine.losses import DistillationLoss
from anycost_models.training.engine.stage import TrainingStage
from anycost_models.training.engine.sub_generator_sampling import sample_sub_generators
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, make_optimizers


def distillation_trainer(stage: TrainingStage, folder: Path) -> Trainer:
    """folder: the stage's own. Raises AnycostError when the generator is missing or has no nested weights."""
    weights = () if stage.generator == "embedded" else (Path(stage.generator),)
    student, teacher = load_generator(*weights), load_generator(*weights)
    if not isinstance(student, MobileGenerator) or not isinstance(teacher, MobileGenerator) or student.nested is None:
        raise AnycostError(f"'{stage.generator}' has no nested weights to distil", "take the embedded generator")
    device = training_device()
    student, teacher = student.to(device), teacher.to(device)
    fast = use_bfloat16(stage, device)
    faces = GeneratedFaces(teacher, stage.data, stage.seed, folder / "faces", fast)
    perceptual = load_perceptual().requires_grad_(False).to(device)

    def losses(batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        subs = sample_sub_generators(student, stage.sub_generators, stage.seed, batch.step)
        latent, target = faces.faces(batch.samples, subs[0].resolution)
        top, left = torch.rand(2, generator=torch.Generator().manual_seed(batch.samples.start)).tolist()
        loss = DistillationLoss(target, perceptual, stage.distillation, (top, left))
        for sub in subs:
            with autocast(fast, device):
                images = student.all_images(latent, sub)
            yield loss(images)

    optimizers = make_optimizers(student, stage.optimizer, stage.trainable)
    return Trainer(stage, student, [Phase("student", 1, optimizers, losses)], folder)
