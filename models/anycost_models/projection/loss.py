"""The loss of projection: how far a generator's image of a latent is from a face, and its gradient by torch."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.projection.objective import SIDE, Goal, Value

BACKWARD = 3.0  # times the work of rendering an image, for that and the gradient


def style_deviation(model: ElasticGenerator, samples: int = 4096) -> Tensor:
    """[D], the standard deviation of each dimension of w over so many samples."""
    z = torch.randn(samples, model.config.style_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.mapping(z).std(0)


def resized(image: Tensor, side: int) -> Tensor:
    """[N, C, H, W] → [N, C, side, side], each pixel the mean of those that it covers; side divides H."""
    return F.avg_pool2d(image, image.shape[-1] // side) if image.shape[-1] != side else image


class ProjectionLoss(nn.Module):
    """Of one generator's images, compared at their size or at 256 px."""

    def __init__(
        self, generator: ElasticGenerator, perceptual: PerceptualDistance, *, full: bool, checkpoint: bool
    ) -> None:
        """full: a full generator, whose image at half size is exact and cheaper; checkpoint: compute again in a
        backward pass what takes much memory to keep"""
        super().__init__()
        self.generator, self.perceptual, self.checkpoint = generator, perceptual, checkpoint
        self.halves = full and generator.config.resolution >= 2 * SIDE
        self.side = min(SIDE, generator.config.resolution)

    def forward(
        self, latent: Tensor, pixels: Tensor, perceptual: Tensor, goal: Tensor, weight: Tensor, *features: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, the squared error of the clamped image, and its ENL0, of the whole image: [1] each.

        latent: W+ [1, styles, D]; pixels, perceptual [1]: what the error of pixels and ENL0 weigh in the loss;
        goal [1, 3, side, side], −1…1, with its `features`; weight [1, 1, side, side]"""
        image = resized(self.image(latent), self.side)
        error = ((image - goal).square() * weight).mean()
        mine, theirs = self.perceptual.features(image), list(features)
        loss = pixels * error + perceptual * self.perceptual.distance(mine, theirs, weight)
        off = (image.clamp(-1, 1) - goal).square().mean()[None]
        return loss, off.detach(), self.perceptual.distance(mine, theirs).detach()

    def image(self, latent: Tensor) -> Tensor:
        """W+ [1, styles, D] → float32 [1, 3, R, R], about −1…1; the full image at half its size, if it is large."""
        rows = latent[:, : self.generator.config.styles]
        if self.halves:
            return self.generator.half_size(rows, checkpoint_activations=self.checkpoint)
        return self.generator(rows).float()


class AutogradLosses:
    """By torch, for any generator. Computes in bfloat16 where that is quick."""

    def __init__(self, model: ElasticGenerator, perceptual: PerceptualDistance) -> None:
        self.model, self.perceptual = model, perceptual
        self.styles, self.full = model.config.styles, SubGenerator(model.config.resolution)

    @cached_property
    def mean_style(self) -> np.ndarray:
        return self.model.mean_style.numpy()

    @cached_property
    def deviation(self) -> np.ndarray:
        return style_deviation(self.model).numpy()

    def rows(self, sub: SubGenerator) -> int:
        return self.model.config.layers_at(sub.resolution)

    def work(self, sub: SubGenerator) -> float:
        return BACKWARD * self.model.cost(sub).macs

    def of(self, sub: SubGenerator, goal: Goal) -> Callable[[np.ndarray], Value]:
        loss = self._loss(sub)
        face, weight = map(torch.from_numpy, goal.at(loss.side))
        pixels, perceptual = (torch.tensor([w]) for w in (goal.settings.pixels, goal.settings.perceptual))
        with torch.no_grad():
            features = self.perceptual.features(face)

        def value(latent: np.ndarray) -> Value:
            variable = torch.from_numpy(latent)[None].requires_grad_(True)
            found, error, enl0 = loss(variable, pixels, perceptual, face, weight, *features)
            (gradient,) = torch.autograd.grad(found, variable)
            return Value(found.item(), error.item(), enl0.item(), gradient[0].numpy())

        return value

    def prepare(self, sub: SubGenerator) -> None:
        pass

    @torch.no_grad()
    def scores(self, latent: np.ndarray, goal: Goal) -> tuple[float, float]:
        image = self._loss(self.full).image(torch.from_numpy(latent)[None]).clamp(-1, 1)
        image, face = F.interpolate(image, size=(SIDE, SIDE), mode="area"), torch.from_numpy(goal.at(SIDE)[0])
        return (image - face).square().mean().item(), self.perceptual(image, face).item()

    def _loss(self, sub: SubGenerator) -> ProjectionLoss:
        full = sub.resolution == self.full.resolution
        network = self.model if full else self.model.extract(sub)
        network = network.with_fast_features() if has_fast_bfloat16() else network
        return ProjectionLoss(network, self.perceptual, full=full, checkpoint=True)
