"""Trains the encoder on generated faces that were made to look like photographs (paper section 3.4; issue C).

Each latent is drawn by several sub-generators and every picture compared with the face, so that one latent serves
them all. The latents of generated faces are known, which teaches most of it cheaply: pictures then correct what
counts.
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
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.identity import distance as identity_distance
from anycost_models.metrics.identity import load_identity
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.projection.encoder import Encoder, EncoderConfig, load_encoder
from anycost_models.projection.inversion import style_deviation
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.data.photo_augmentation import SIDE, PhotoAugmentation, helpers, signed, taken
from anycost_models.training.engine import losses
from anycost_models.training.engine.device import features_in, is_fast, training_device
from anycost_models.training.engine.stage import Encoding, TrainingStage
from anycost_models.training.engine.sub_generator_sampling import choose
from anycost_models.training.engine.trainer import Phase, Trainer, TrainingBatch, optimizers
from anycost_models.weights import EMBEDDED_ENCODER

SHEET_FACES = 6


def begin(stage: TrainingStage, wanted: Encoding, faces: GeneratedFaces) -> Encoder:
    """The encoder as the stage sets out. Raises AnycostError when its file, or ImageNet's, is missing or damaged."""
    if wanted.start:
        return load_encoder(EMBEDDED_ENCODER if wanted.start == "embedded" else Path(wanted.start))
    config = faces.exact.config
    rest = config.styles - 8  # pose and shape: four rows, features: four
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stage.seed)
        encoder = Encoder(EncoderConfig(rows=(4, 4, rest), style_dim=config.style_dim, passes=wanted.passes))
    z = torch.randn(4096, config.style_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        encoder.start(faces.exact.mapping(z.to(faces.device)).cpu())
        read = []  # features and latents, a face at a time
        for index in tqdm(range(wanted.solved), desc="linear reading", unit="face"):
            images, _ = taken([faces.kept(index)], [index], wanted, stage.seed)
            read.append((encoder.pooled(signed(images)), faces.latents([index]).cpu()))
    features, latents = (torch.cat(parts) for parts in zip(*read, strict=True))
    encoder.solve(features, latents)
    return encoder


class EncoderTraining:
    """Raises AnycostError when a model or a file that the stage names is missing or damaged."""

    def __init__(self, stage: TrainingStage, wanted: Encoding, folder: Path) -> None:
        self.stage, self.wanted = stage, wanted
        weights = () if stage.generator == "embedded" else (Path(stage.generator),)
        self.device = training_device()
        self.fast = is_fast(stage, self.device)
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
        self.encoder = begin(stage, wanted, self.faces).to(self.device)
        made = optimizers(self.encoder, stage.optimizer)
        self.trainer = Trainer(stage, self.encoder, [Phase("encoder", 1, made, self.losses)], folder)
        self.photographs = PhotoAugmentation(self.faces, wanted, self.trainer, helpers(self.device))

    def losses(self, batch: TrainingBatch) -> Iterator[dict[str, Tensor]]:
        wanted = self.wanted
        images, targets = (signed(part.to(self.device)) for part in self.photographs(batch))
        latents = self.faces.latents([sample % self.stage.data.pool for sample in batch.samples])
        passes = self.encode(images)
        latent = passes[-1]
        offset = (latent - self.generator.mean_style) / self.sigma  # [N, styles, D]
        errors = [((found - latents) / self.sigma).square().mean() for found in passes]
        terms = {
            "latent": wanted.latent * torch.stack(errors).mean(),
            "deviation": wanted.deviation * offset.square().mean(),
            "spread": wanted.spread * offset.var(1, correction=0).mean(),
        }
        if wanted.thumbnail > 0:
            with torch.no_grad():
                goal = self.thumbnails(latents)
            terms["thumbnail"] = wanted.thumbnail * (self.thumbnails(latent) - goal).square().mean()
        yield terms | self.compared(latent[: wanted.drawn], targets[: wanted.drawn], batch.step)

    def compared(self, latent: Tensor, target: Tensor, step: int) -> dict[str, Tensor]:
        """What the sub-generators of this step draw, against the faces: terms averaged over them."""
        wanted, stage = self.wanted, self.stage
        subs = [
            sub
            for number in range(wanted.sub_generators)
            for sub in choose(self.generator, stage.sub_generators, stage.seed, step * wanted.sub_generators + number)
        ]
        with torch.no_grad():
            who = self.identity.embed(target)
        terms: dict[str, Tensor] = {}
        for sub in subs:
            goal = F.avg_pool2d(target, SIDE // sub.resolution)
            picture = self.draw(latent, sub)
            found = losses.Distance(goal, self.perceptual, stage.distillation)({sub.resolution: picture})
            if wanted.identity > 0:
                apart = identity_distance(self.identity.embed(picture.clamp(-1, 1)), who)
                found["identity"] = wanted.identity * apart.mean()
            for name, term in found.items():
                terms[name] = terms.get(name, torch.zeros((), device=self.device)) + term / len(subs)
        return terms

    def draw(self, latent: Tensor, sub: SubGenerator) -> Tensor:
        with features_in(self.fast, self.device):
            return self.generator(latent, sub).float()

    def encode(self, images: Tensor) -> list[Tensor]:
        with features_in(self.fast and self.device.type == "cuda", self.device):
            passes = self.encoder.encode(images, lambda w: self.draw(w, SubGenerator(SIDE)))
        return [latent.float() for latent in passes]

    def thumbnails(self, latent: Tensor) -> Tensor:
        return self.cheapest(latent[:, : self.cheapest.config.styles]).float()

    @torch.no_grad()
    def sheet(self, _: nn.Module) -> np.ndarray:
        """Of the encoder as it is, uint8 [H, W, 3]: photographs of faces that are not trained on, and what it makes of
        them."""
        past = self.stage.data.pool  # latents from here on are nobody's
        numbers = range(past, past + SHEET_FACES)
        clean = _pixels(self.draw(self.faces.latents(numbers), SubGenerator(SIDE)).clamp(-1, 1))
        photos = signed(taken(list(clean), numbers, self.wanted, self.stage.seed)[0].to(self.device))
        found = self.encode(photos)[-1]
        subs = [SubGenerator(SIDE), SubGenerator(SIDE, 0.25)]
        tiles = [_pixels(column) for column in (photos, *(self.draw(found, sub).clamp(-1, 1) for sub in subs))]
        return contact_sheet(
            [list(row) for row in zip(*tiles, strict=True)], ["photograph", *map(str, subs)], tile=SIDE
        )


def _pixels(pictures: Tensor) -> np.ndarray:
    """float [N, 3, S, S], −1…1 → uint8 [N, S, S, 3]"""
    return pictures.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
