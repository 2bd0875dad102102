"""Draws pictures from latents. torch is loaded with the first picture, not before."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from anycost_models.elastic import ElasticGenerator, SubGenerator


@dataclass(frozen=True)
class Renderer:
    """One generator."""

    weights: Path

    @cached_property
    def model(self) -> "ElasticGenerator":
        """Raises AnycostError when the weights are missing or damaged."""
        from anycost_models.checkpoint import load_generator

        return load_generator(self.weights)

    def render(self, latent: np.ndarray, sub: "SubGenerator | None" = None) -> np.ndarray:
        """latent: W+ [styles, D] → float32 RGB [R, R, 3], sRGB 0…1, by the full generator or `sub`.

        Raises AnycostError for a sub-generator or a latent that is not this model's."""
        import torch

        with torch.inference_mode():
            picture = self.model(torch.from_numpy(latent)[None], sub)[0]
        return picture.add(1).div(2).clamp(0, 1).permute(1, 2, 0).contiguous().numpy()

    def sample(self, seed: int, truncation: float) -> np.ndarray:
        """A random face's W+ [styles, D]; the same for the same seed."""
        import torch

        z = torch.randn(1, self.model.config.style_dim, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            return self.model.as_wplus(self.model.styles(z, truncation))[0].numpy().copy()
