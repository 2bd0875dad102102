"""Exports the loss of projection with its gradient, and the features that it compares."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from anycost_models.export.gradients import WithGradient
from anycost_models.export.onnx_export import to_onnx
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.enl0 import STRIDES, PerceptualDistance
from anycost_models.projection.loss import ProjectionLoss

FEATURES = [f"features_{stride}" for stride in STRIDES]


class _NoisyLoss:
    """`ProjectionLoss` that takes the noise's strength, for the reason that `SynthesisGraph` gives."""

    def __init__(self, generator: ElasticGenerator, perceptual: PerceptualDistance, *, full: bool) -> None:
        """generator: one of its own; its noise is taken out"""
        self.loss = ProjectionLoss(generator, perceptual, full=full, checkpoint=False)
        self.noisy = [module for module in generator.modules() if hasattr(module, "noise")]
        self.noise: list[Tensor] = [module.noise.detach() for module in self.noisy]  # type: ignore[operator]
        for module in self.noisy:
            del module.noise

    def __call__(
        self, latent: Tensor, pixels: Tensor, perceptual: Tensor, strength: Tensor, *others: Tensor
    ) -> Sequence[Tensor]:
        for module, noise in zip(self.noisy, self.noise, strict=True):
            module.noise = noise * strength
        found: Sequence[Tensor] = self.loss(latent, pixels, perceptual, *others)
        return found


class _Features(nn.Module):
    def __init__(self, perceptual: PerceptualDistance) -> None:
        super().__init__()
        self.perceptual = perceptual

    def forward(self, face: Tensor) -> tuple[Tensor, ...]:
        """[1, 3, R, R] → the features of each stride."""
        return tuple(self.perceptual.features(face))


def loss_graph(generator: ElasticGenerator, perceptual: PerceptualDistance, sub: SubGenerator) -> bytes:
    """As `LossGraphs` runs it. Raises AnycostError for a sub-generator that this generator does not have."""
    config = generator.config
    loss = _NoisyLoss(generator.extract(sub), perceptual, full=generator.is_full(sub))
    side = loss.loss.side
    goal = torch.zeros(1, 3, side, side)
    with torch.no_grad():
        features = perceptual.features(goal)
    inputs = {  # each a tensor of its own, or they would be one input
        "latent": generator.mean_style.detach().expand(1, config.styles, -1).clone(),
        "pixels": torch.ones(1),
        "perceptual": torch.ones(1),
        "noise_strength": torch.ones(1),
        "face": goal,
        "weight": torch.ones(1, 1, side, side),
        **dict(zip(FEATURES, features, strict=True)),
    }
    return to_onnx(WithGradient(loss, tuple(inputs.values())), inputs, ["loss", "error", "enl0", "gradient"], {})


def features_graph(perceptual: PerceptualDistance, side: int) -> bytes:
    """Of faces of `side` pixels, as `LossGraphs` runs it."""
    return to_onnx(_Features(perceptual), {"face": torch.zeros(1, 3, side, side)}, FEATURES, {})
