"""Trains the encoder on generated faces that were made to look like photographs (paper section 3.4; issue C).

Each latent is drawn by several sub-generators and every picture compared with the face, so that one latent serves
them all. The latents of generated faces are known, which teaches most of it cheaply: pictures then correct what
counts.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from anycost_models import degrade
from anycost_models.checkpoint import load_generator
from anycost_models.elastic import SubGenerator
from anycost_models.encoder import Encoder, EncoderConfig, load_encoder
from anycost_models.identity import distance as identity_distance
from anycost_models.identity import load_identity
from anycost_models.inversion import has_fast_bfloat16, style_deviation
from anycost_models.perceptual import load_perceptual
from anycost_models.sheet import contact_sheet
from anycost_models.training import losses
from anycost_models.training.faces import GeneratedFaces
from anycost_models.training.loop import Batch, Phase, Trainer, optimizers
from anycost_models.training.sampling import choose, seed_of
from anycost_models.training.stage import Encoding, Stage
from anycost_models.weights import EMBEDDED_ENCODER

SIDE = 256  # pixels of the faces
SHEET_FACES = 6


@dataclasses.dataclass(frozen=True)
class Photographs:
    """A batch of generated faces as a camera might have seen them."""

    images: Tensor  # [N, 3, 256, 256], −1…1
    targets: Tensor  # the same, before light, lens and file
    latents: Tensor  # [N, styles, D]


def photographs(faces: GeneratedFaces, indices: range, wanted: Encoding, seed: int) -> Photographs:
    """The same for the same indices. Each visit of a face takes another photograph of it."""
    latents, pictures = zip(*(faces.picture(index, SIDE) for index in indices), strict=True)
    return photographs_of(torch.cat(pictures), torch.cat(latents), indices, wanted, seed)


def photographs_of(
    pictures: Tensor, latents: Tensor, numbers: Sequence[int], wanted: Encoding, seed: int
) -> Photographs:
    strength = dataclasses.replace(degrade.TRAINING, shift=wanted.shift, turn=wanted.turn, zoom=wanted.zoom, flip=0)
    clean = pictures.permute(0, 2, 3, 1).mul(127.5).add(127.5).round().byte().numpy()
    taken = [
        degrade.degrade(picture, seed_of("photograph", seed, number), strength)
        for picture, number in zip(clean, numbers, strict=True)
    ]
    return Photographs(_tensor([one.image for one in taken]), _tensor([one.target for one in taken]), latents)


def _tensor(pictures: Sequence[np.ndarray]) -> Tensor:
    """uint8 [S, S, 3] each → float32 [N, 3, S, S], −1…1"""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def begin(stage: Stage, wanted: Encoding, faces: GeneratedFaces) -> Encoder:
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
        encoder.start(faces.exact.mapping(z))
        read = []  # features and latents, a face at a time
        for index in tqdm(range(wanted.solved), desc="linear reading", unit="face"):
            seen = photographs(faces, range(index, index + 1), wanted, stage.seed)
            read.append((encoder.pooled(seen.images), seen.latents))
    features, latents = (torch.cat(parts) for parts in zip(*read, strict=True))
    encoder.solve(features, latents)
    return encoder


class EncoderTraining:
    """Raises AnycostError when a model or a file that the stage names is missing or damaged."""

    def __init__(self, stage: Stage, wanted: Encoding, folder: Path) -> None:
        self.stage, self.wanted = stage, wanted
        weights = () if stage.generator == "embedded" else (Path(stage.generator),)
        self.generator = load_generator(*weights).requires_grad_(False)
        self.fast = stage.bfloat16 and has_fast_bfloat16()
        self.faces = GeneratedFaces(self.generator, stage.data, stage.seed, folder / "faces", self.fast, SIDE)
        self.perceptual = load_perceptual().requires_grad_(False)
        self.identity = load_identity().requires_grad_(False)
        self.sigma = style_deviation(self.generator)
        cheapest = self.generator.extract(SubGenerator(min(r for r in self.generator.config.exits if r >= 64)))
        self.cheapest = cheapest.with_fast_features() if self.fast else cheapest
        self.encoder = begin(stage, wanted, self.faces)
        made = optimizers(self.encoder, stage.optimizer)
        self.trainer = Trainer(stage, self.encoder, [Phase("encoder", 1, made, self.losses)], folder)

    def losses(self, batch: Batch) -> Iterator[dict[str, Tensor]]:
        wanted = self.wanted
        seen = photographs(self.faces, batch.samples, wanted, self.stage.seed)
        passes = self.encoder.encode(seen.images, lambda w: self.draw(w, SubGenerator(SIDE)))
        latent = passes[-1]
        offset = (latent - self.generator.mean_style) / self.sigma  # [N, styles, D]
        errors = [((found - seen.latents) / self.sigma).square().mean() for found in passes]
        terms = {
            "latent": wanted.latent * torch.stack(errors).mean(),
            "deviation": wanted.deviation * offset.square().mean(),
            "spread": wanted.spread * offset.var(1, correction=0).mean(),
        }
        if wanted.thumbnail > 0:
            with torch.no_grad():
                goal = self.thumbnails(seen.latents)
            terms["thumbnail"] = wanted.thumbnail * (self.thumbnails(latent) - goal).square().mean()
        yield terms | self.compared(latent[: wanted.drawn], seen.targets[: wanted.drawn], batch.step)

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
                terms[name] = terms.get(name, torch.zeros(())) + term / len(subs)
        return terms

    def draw(self, latent: Tensor, sub: SubGenerator) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16) if self.fast else nullcontext():
            return self.generator(latent, sub).float()

    def thumbnails(self, latent: Tensor) -> Tensor:
        return self.cheapest(latent[:, : self.cheapest.config.styles]).float()

    @torch.no_grad()
    def sheet(self, encoder: nn.Module) -> np.ndarray:
        """uint8 [H, W, 3]: photographs of faces that are not trained on, and what is made of them."""
        encoder = cast(Encoder, encoder)
        past = self.stage.data.pool  # latents from here on are nobody's
        latents = torch.cat([self.faces.latent(past + i) for i in range(SHEET_FACES)])
        clean = self.draw(latents, SubGenerator(SIDE)).clamp(-1, 1)
        seen = photographs_of(clean, latents, [past + i for i in range(SHEET_FACES)], self.wanted, self.stage.seed)
        found = encoder.encode(seen.images, lambda w: self.draw(w, SubGenerator(SIDE)))[-1]
        subs = [SubGenerator(SIDE), SubGenerator(SIDE, 0.25)]
        columns = [seen.images, *(self.draw(found, sub).clamp(-1, 1) for sub in subs)]
        tiles = [column.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy() for column in columns]
        return contact_sheet(
            [list(row) for row in zip(*tiles, strict=True)], ["photograph", *map(str, subs)], tile=SIDE
        )
