"""Samples the curvature of projection's loss, which preconditions L-BFGS (projection.curvature).

The gradient of a random combination of all residuals (pixels and perceptual features) has the loss's Gauss-Newton
matrix as its covariance. It is averaged over latents like those of projections: every row mixes in a share of another
face.
"""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.projection.loss import style_deviation
from anycost_models.projection.objective import SIDE
from anycost_models.projection.settings import ProjectionSettings

PROBES = 3  # random combinations per face: each costs a backward pass, a face costs a forward pass


def probe_gradients(model: ElasticGenerator, perceptual: PerceptualDistance, faces: int, seed: int) -> Iterator[Tensor]:
    """Yields `faces` · PROBES gradients [styles, D], with W+ in standard deviations of w."""
    fast = model.with_fast_features() if has_fast_bfloat16() else model
    settings, sigma, config = ProjectionSettings(), style_deviation(model), model.config
    rng = torch.Generator().manual_seed(seed)
    for _ in range(faces):
        z = torch.randn(2, config.style_dim, generator=rng)
        psi, share = 0.5 + 0.4 * torch.rand(1, generator=rng), 0.5 * torch.rand(config.styles, 1, generator=rng)
        with torch.no_grad():
            one, other = model.styles(z).unbind(0)
            latent = torch.lerp(model.mean_style, torch.lerp(one, other, share), psi)
        offset = torch.zeros_like(latent, requires_grad=True)
        image = F.interpolate(fast.half_size((latent + offset * sigma)[None]), size=(SIDE, SIDE), mode="area")
        # The sum of their squares is the loss.
        residuals = [image * math.sqrt(settings.pixels / image.numel())]
        for features in perceptual.features(image):
            positions = features.shape[2] * features.shape[3]
            residuals.append(features * math.sqrt(settings.perceptual / 4 / positions))
        for probe in range(PROBES):
            total = torch.stack([(r * torch.randn(r.shape, generator=rng)).sum() for r in residuals]).sum()
            (gradient,) = torch.autograd.grad(total, offset, retain_graph=probe < PROBES - 1)
            yield gradient
