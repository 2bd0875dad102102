"""Faces that no training has seen, for all measurements."""

import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import ElasticGenerator

HELD_OUT = 3_000_000_000  # where their seeds begin: far above training's, below the 2³² that torch tells apart
SEEDS = 1_000_000_000


@torch.inference_mode()
def held_out_styles(model: ElasticGenerator, samples: int, seed: int = 0, truncation: float = 0.7) -> Tensor:
    """w [N, 2, D], two faces for each sample; the first samples are the same however many there are.

    Raises AnycostError for fewer than 2 samples, or a seed or truncation out of range."""
    if samples < 2:
        raise AnycostError(f"{samples} samples say nothing about many faces", "take at least 2")
    if not 0 <= seed < SEEDS:
        raise AnycostError(f"the seed is {seed}", f"choose one from 0 to {SEEDS - 1}")
    if not 0 <= truncation <= 1.5:
        raise AnycostError(f"the truncation is {truncation:g}", "choose one from 0 to 1.5")
    rng = torch.Generator().manual_seed(HELD_OUT + seed)
    z = torch.cat([torch.randn(2, model.config.style_dim, generator=rng) for _ in range(samples)])
    return model.styles(z, truncation).unflatten(0, (samples, 2))
