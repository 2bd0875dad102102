"""The parts of what the full generator draws, read off its features: a matrix product, for a drawing under way.

The features of StyleGANs tell parts apart by themselves (Collins et al., "Editing in Style", 2020, arXiv:2004.14367),
and a small classifier on them labels pictures without limit (Zhang et al., "DatasetGAN", 2021, arXiv:2104.06490). Ours
is linear, on the features of 64 px, which know what a part is, and of 128 px, which know better where it ends. It was
fitted to clusters that were named by looking (anycost_models.training.scripts.fit_drawn_parts).
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.generators.checkpoint import Family, load_network, save_tensors
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.drawn_parts_config import FAMILY, HEIGHTS, NEVER, DrawnPartsConfig
from anycost_models.weights import EMBEDDED_DRAWN_PARTS


class DrawnParts(nn.Module):
    """Features of two levels → shares of the parts."""

    def __init__(self, config: DrawnPartsConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DrawnPartsConfig()
        self.coarse, self.fine = (nn.Conv2d(width, len(config.parts), 1) for width in config.channels)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """[N, C, 64, 64] and [N, C, 128, 128] → [N, P, 128, 128], adding up to 1 at each pixel."""
        times = self.config.sides[1] / self.config.sides[0]
        logits = F.interpolate(self.coarse(coarse), scale_factor=times, mode="bilinear", align_corners=False)
        return (logits + self.fine(fine) - NEVER * self._impossible(fine)).softmax(1)

    def _impossible(self, fine: Tensor) -> Tensor:
        """[1, P, 128, 1]: 1 where a part cannot be."""
        side = self.config.sides[1]
        height = (torch.arange(side, dtype=fine.dtype, device=fine.device) + 0.5) / side
        rows = [torch.zeros_like(height) for _ in self.config.parts]
        for part, (top, bottom) in HEIGHTS.items():
            rows[self.config.parts.index(part)] = ((height < top) | (height > bottom)).to(fine.dtype)
        return torch.stack(rows)[None, :, :, None]

    def of_features(self, features: Iterator[Tensor]) -> Tensor:
        """The same of what `MobileGenerator.features` yields, asked for no further than needed."""
        coarse, fine = self.config.sides
        found: dict[int, Tensor] = {}
        for level in features:
            side = int(level.shape[-1])  # a tensor while a graph is exported
            found[side] = level
            if side >= fine:
                break
        return self(found[coarse], found[fine])


class DrawingWithParts(nn.Module):
    """W+ [1, styles, D] → the parts [1, P, 128, 128] of what the full generator draws, and a sub-generator's picture of
    the same latent [1, R, R, 3], sRGB 0…1."""

    def __init__(self, generator: MobileGenerator, parts: DrawnParts, sub: SubGenerator) -> None:
        """Raises AnycostError for a sub-generator that this generator does not have."""
        super().__init__()
        self.generator, self.parts, self.sub = generator, parts, generator.extract(sub)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """latent [1, styles, D] → [1, P, 128, 128], [1, R, R, 3]."""
        config = self.sub.config
        picture = self.sub.images(latent[:, : config.styles])[config.resolution]
        return (
            self.parts.of_features(self.generator.features(latent)),
            (picture * 0.5 + 0.5).clamp(0, 1).permute(0, 2, 3, 1),
        )


class PartsOnly(nn.Module):
    """W+ [1, styles, D] → parts [1, P, 128, 128]: the generator's layers up to there, and no picture."""

    def __init__(self, generator: MobileGenerator, parts: DrawnParts) -> None:
        super().__init__()
        self.generator, self.parts = generator, parts

    def forward(self, latent: Tensor) -> Tensor:
        """latent [1, styles, D] → [1, P, 128, 128]."""
        return self.parts.of_features(self.generator.features(latent))


def save_drawn_parts(model: DrawnParts, path: Path) -> None:
    """As fp16. Raises AnycostError when it cannot be written; a file that was there is untouched then."""
    tensors = {name: tensor.detach().half() for name, tensor in model.state_dict().items()}
    save_tensors(tensors, FAMILY, dataclasses.asdict(model.config), path)


def load_drawn_parts(path: Path = EMBEDDED_DRAWN_PARTS) -> DrawnParts:
    """float32, for inference. AnycostError when it is missing, damaged or foreign."""
    families = {FAMILY: Family(DrawnPartsConfig, DrawnParts, torch.float16)}
    return cast(DrawnParts, load_network(path, families, "classifier"))
