"""What a StyleGAN2 generator draws its pictures from in training: z, where two styles are mixed, and noise.

All of it follows from a seed and each sample's number, not from weights or from who else is in the batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from anycost_models.generators.stylegan2 import StyleGAN2Generator, size_of
from anycost_models.training.engine.sub_generator_sampling import seed_of


@dataclass(frozen=True, eq=False)
class Inputs:
    z: Tensor  # [N, 2, D]: of two faces
    second_from: Tensor  # [N]: the row of W+ from which on the second face's style is taken (past the last: nowhere)
    noise: tuple[Tensor, ...]  # for each convolution [N, 1, R, R]

    def wplus(self, generator: StyleGAN2Generator) -> Tensor:
        """W+ [N, styles, D], as this generator maps z."""
        first, second = generator.mapping(self.z.flatten(0, 1)).unflatten(0, (-1, 2)).unbind(1)
        rows = torch.arange(generator.config.styles, device=first.device)
        return torch.where((rows >= self.second_from[:, None])[..., None], second[:, None], first[:, None])


def draw_inputs(
    generator: StyleGAN2Generator,
    samples: Iterable[int],
    resolution: int,  # of the picture, pixels: noise for more is not drawn
    seed: int,
    mixing: float,  # the share of pictures that take the styles of two z, 0..1
) -> Inputs:
    styles, dim = generator.config.styles, generator.config.style_dim
    sizes = [size_of(layer) for layer in range(1, generator.layers_at(resolution))]  # sides, pixels
    drawn = []
    for sample in samples:
        rng = torch.Generator().manual_seed(seed_of("inputs", seed, sample))
        z = torch.randn(2, dim, generator=rng)
        chance, place = torch.rand(2, generator=rng).tolist()
        row = 1 + int(place * (styles - 1)) if chance < mixing else styles
        drawn.append((z, row, [torch.randn(1, size, size, generator=rng) for size in sizes]))
    device = generator.constant.device
    zs, rows, noises = zip(*drawn, strict=True)
    return Inputs(
        torch.stack(zs).to(device),
        torch.tensor(rows, device=device),
        tuple(torch.stack(maps).to(device) for maps in zip(*noises, strict=True)),
    )
