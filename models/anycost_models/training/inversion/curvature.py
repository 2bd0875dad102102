"""Measures the curvature that projection descends by.

The gradient of a random combination of all residuals of projection's loss (pixels and perceptual features) has the
loss's Gauss-Newton matrix as its covariance. Averaged over faces such as projections are: every row a little its own.
"""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.metrics.enl0 import PerceptualDistance
from anycost_models.projection.inversion import SIDE, ProjectionSettings, style_deviation

PROBES = 3  # of each face: a face costs a forward pass, a probe a backward pass


def probes(model: ElasticGenerator, perceptual: PerceptualDistance, faces: int, seed: int) -> Iterator[Tensor]:
    """`faces` times PROBES gradients [styles, D], in units of the styles' standard deviation."""
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
        picture = F.interpolate(fast.half_size((latent + offset * sigma)[None]), size=(SIDE, SIDE), mode="area")
        # Squared and summed, these are the loss.
        residuals = [picture * math.sqrt(settings.pixels / picture.numel())]
        for features in perceptual.features(picture):
            places = features.shape[2] * features.shape[3]
            residuals.append(features * math.sqrt(settings.perceptual / 4 / places))
        for probe in range(PROBES):
            total = torch.stack([(r * torch.randn(r.shape, generator=rng)).sum() for r in residuals]).sum()
            (gradient,) = torch.autograd.grad(total, offset, retain_graph=probe < PROBES - 1)
            yield gradient
