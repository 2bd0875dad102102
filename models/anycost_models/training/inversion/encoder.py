"""Trains the encoder (aligned face → W+) on generated faces that were augmented to look like photographs.

Consistency-aware as in Anycost GANs (Lin et al. 2021, arXiv 2103.03243): each latent is rendered by sampled
sub-generators, and every image is compared with the face. Generated faces have known latents, which supervise W+
directly. One regulariser is pSp's distance from the mean style (Richardson et al. 2020, arXiv 2008.00951); the other
limits the variation between the rows of W+, which e4e showed to keep latents editable (Tov et al. 2021, arXiv
2102.02766). An encoder of two passes refines its latent from what it renders, as ReStyle (Alaluf et al. 2021, arXiv
2104.02699).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import tensor_to_images, to_signed_float
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.identity import distance as identity_distance
from anycost_models.metrics.identity import load_identity
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.projection.encoder import Encoder, EncoderConfig, load_encoder
from anycost_models.projection.loss import style_deviation
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.data.photo_augmentation import (
    SIDE,
    PhotoAugmentation,
    default_num_workers,
    degrade_faces,
)
from anycost_models.training.engine.device import autocast, training_device, use_bfloat16
from anycost_models.training.engine.losses import DistillationLoss
from anycost_models.training.engine.stage import EncoderSettings, TrainingStage
from anycost_models.training.engine.sub_generator_sampling import sample_sub_generators
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, make_optimizers
from anycost_models.weights import EMBEDDED_ENCODER

SHEET_FACES = 6


def initial_encoder(stage: TrainingStage, settings: EncoderSettings, faces: GeneratedFaces) -> Encoder:
    """The encoder in `start`; or a new one, with ImageNet's trunk and its linear layer solved by ridge regression.

    Raises AnycostError when a file is missing or damaged."""
    if settings.start:
        return load_encoder(EMBEDDED_ENCODER if settings.start == "embedded" else Path(settings.start))
    config = faces.exact.config
    fine = config.styles - 8  # rows of W+; four are coarse and four are middle ones
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stage.seed)
        encoder = Encoder(EncoderConfig(rows=(4, 4, fine), style_dim=config.style_dim, passes=settings.passes))
    z = torch.randn(4096, config.style_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        encoder.start(faces.exact.mapping(z.to(faces.device)).cpu())
        samples = []  # pooled features and latents of each face
        for index in tqdm(range(settings.solved), desc="linear layer", unit="face"):
            images, _ = degrade_faces([faces.cached(index)], [index], settings, stage.seed)
            samples.append((encoder.pooled(to_signed_float(images)), faces.latents([index]).cpu()))
    features, latents = (torch.cat(parts) for parts in zip(*samples, strict=True))
    encoder.solve(features, latents)
    return encoder


class EncoderTraining:
    """The losses of an encoder stage. Raises AnycostError when a model or a file of the stage is missing or damaged."""

    def __init__(self, stage: TrainingStage, settings: EncoderSettings, folder: Path) -> None:
        self.stage, self.settings = stage, settings
        weights = () if stage.generator == "embedded" else (Path(stage.generator),)
        self.device = training_device()
        self.fast = use_bfloat16(stage, self.device)
        generator = load_generator(*weights).requires_grad_(False)
        self.sigma = style_deviation(generator).to(self.device)
        self.generator = generator.to(self.device)
        self.faces = GeneratedFaces(self.generator, stage.data, stage.seed, folder / "faces", self.fast, SIDE)
        if self.device.type == "cuda":
            self.faces.fill()
        self.perceptual = load_perceptual().requires_grad_(False).to(self.device)
        self.identity = load_identity().requires_grad_(False).to(self.device)
        cheapest = self.generator.extract(SubGenerator(min(r for r in self.generator.config.exits if r >= 64)))
        self.cheapest = cheapest.with_fast_features() if self.fast else cheapest
        self.encoder = initial_encoder(stage, settings, self.faces).to(self.device)
        optimizers = make_optimizers(self.encoder, stage.optimizer)
        self.trainer = Trainer(stage, self.encoder, [Phase("encoder", 1, optimizers, self.losses)], folder)
        self.photographs = PhotoAugmentation(self.faces, settings, self.trainer, default_num_workers(self.device))

    def losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        settings = self.settings
        images, targets = (to_signed_float(part.to(self.device)) for part in self.photographs(batch))
        latents = self.faces.latents([sample % self.stage.data.pool for sample in batch.samples])
        passes = self.encode(images)
        latent = passes[-1]
        offset = (latent - self.generator.mean_style) / self.sigma  # [N, styles, D]
        errors = [((found - latents) / self.sigma).square().mean() for found in passes]
        terms = {
            "latent": settings.latent * torch.stack(errors).mean(),
            "deviation": settings.deviation * offset.square().mean(),
            "spread": settings.spread * offset.var(1, correction=0).mean(),
        }
        if settings.thumbnail > 0:
            with torch.no_grad():
                target = self.thumbnails(latents)
            terms["thumbnail"] = settings.thumbnail * (self.thumbnails(latent) - target).square().mean()
        yield terms | self.image_losses(latent[: settings.drawn], targets[: settings.drawn], batch.step)

    def image_losses(self, latent: Tensor, target: Tensor, step: int) -> dict[str, Tensor]:
        """Distances between the images of sampled sub-generators and the faces, averaged over sub-generators.

        latent: W+ [N, styles, D]; target: [N, 3, 256, 256], −1…1"""
        settings, stage = self.settings, self.stage
        first = step * settings.sub_generators
        subs = [
            sub
            for number in range(first, first + settings.sub_generators)
            for sub in sample_sub_generators(self.generator, stage.sub_generators, stage.seed, number)
        ]
        with torch.no_grad():
            target_identity = self.identity.embed(target)
        terms: dict[str, Tensor] = {}
        for sub in subs:
            resized = F.avg_pool2d(target, SIDE // sub.resolution)
            image = self.render(latent, sub)
            losses = DistillationLoss(resized, self.perceptual, stage.distillation)({sub.resolution: image})
            if settings.identity > 0:
                distance = identity_distance(self.identity.embed(image.clamp(-1, 1)), target_identity)
                losses["identity"] = settings.identity * distance.mean()
            for name, term in losses.items():
                terms[name] = terms.get(name, torch.zeros((), device=self.device)) + term / len(subs)
        return terms

    def render(self, latent: Tensor, sub: SubGenerator) -> Tensor:
        """W+ [N, styles, D] → float32 [N, 3, R, R], about −1…1."""
        with autocast(self.fast, self.device):
            return self.generator(latent, sub).float()

    def encode(self, images: Tensor) -> list[Tensor]:
        """Images [N, 3, 256, 256], −1…1 → W+ [N, styles, D] after each pass."""
        with autocast(self.fast and self.device.type == "cuda", self.device):
            passes = self.encoder.encode(images, lambda w: self.render(w, SubGenerator(SIDE)))
        return [latent.float() for latent in passes]

    def thumbnails(self, latent: Tensor) -> Tensor:
        """W+ [N, styles, D] → images of the cheapest exit from 64 px on, [N, 3, R, R], about −1…1."""
        return self.cheapest(latent[:, : self.cheapest.config.styles]).float()

    @torch.no_grad()
    def sheet(self, _: nn.Module) -> np.ndarray:
        """uint8 RGB [H, W, 3]: photographs of held-out faces, and their projections by the current weights."""
        pool = self.stage.data.pool
        numbers = range(pool, pool + SHEET_FACES)  # beyond the pool: not trained on
        clean = tensor_to_images(self.render(self.faces.latents(numbers), SubGenerator(SIDE)))
        photos = degrade_faces(list(clean), numbers, self.settings, self.stage.seed)[0]
        images = to_signed_float(photos.to(self.device))
        latent = self.encode(images)[-1]
        subs = [SubGenerator(SIDE), SubGenerator(SIDE, 0.25)]
        columns = (images, *(self.render(latent, sub) for sub in subs))
        rows = [list(row) for row in zip(*map(tensor_to_images, columns), strict=True)]
        return contact_sheet(rows, ["photograph", *map(str, subs)], tile=SIDE)
