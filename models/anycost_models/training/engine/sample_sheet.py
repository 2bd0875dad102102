"""Sample sheet of a running training: the same faces, rendered by several of the sub-generators in training."""

import numpy as np
import torch

from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.training.engine.stage import SubGeneratorSampling

FACES = 4
TILE = 128  # pixels
TRUNCATION = 0.7  # ψ, once the mean style is known


def sample_sheet(generator: ElasticGenerator, sampling: SubGeneratorSampling) -> np.ndarray:
    """uint8 RGB [H, W, 3]: a row per face (fixed z), a column per sub-generator."""
    ratios = (1.0,) if sampling.channels == "full" else (0.25, 0.5, 1.0)
    subs = [SubGenerator(resolution, ratio) for resolution in sorted(sampling.resolutions) for ratio in ratios]
    z = torch.randn(FACES, generator.config.style_dim, generator=torch.Generator().manual_seed(0))
    truncation = TRUNCATION if generator.mean_style.any() else 1.0
    rows = []
    with torch.no_grad():
        for latent in generator.styles(z.to(generator.mean_style.device), truncation).split(1):
            rows.append([tensor_to_image(generator(latent, sub).float()) for sub in subs])
    return contact_sheet(rows, [str(sub) for sub in subs], tile=TILE)
