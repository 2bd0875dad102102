"""The sample sheet of a running training: the same few faces by some of the sub-generators that it trains."""

import numpy as np
import torch

from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.plotting.contact_sheet import contact_sheet
from anycost_models.training.engine.stage import SubGenerators

FACES = 4
TILE = 128  # pixels
TRUNCATION = 0.7  # ψ, once the mean style is known


def sample_sheet(generator: ElasticGenerator, wanted: SubGenerators) -> np.ndarray:
    """uint8 [H, W, 3]: a row for each face, whose z is always the same, a column for each sub-generator."""
    ratios = (1.0,) if wanted.channels == "full" else (0.25, 0.5, 1.0)
    subs = [SubGenerator(resolution, ratio) for resolution in sorted(wanted.resolutions) for ratio in ratios]
    z = torch.randn(FACES, generator.config.style_dim, generator=torch.Generator().manual_seed(0))
    truncation = TRUNCATION if generator.mean_style.any() else 1.0
    rows = []
    with torch.no_grad():
        for latent in generator.styles(z.to(generator.mean_style.device), truncation).split(1):
            drawn = (generator(latent, sub)[0].float().clamp(-1, 1) for sub in subs)
            rows.append([(x.permute(1, 2, 0) * 127.5 + 127.5).round().byte().cpu().numpy() for x in drawn])
    return contact_sheet(rows, [str(sub) for sub in subs], tile=TILE)
