"""Inputs of a StyleGAN2 generator in training: z, the crossover of style mixing, and noise.

All of them follow from a seed and the sample's number, not from the weights or the rest of the batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from anycost_models.generators.stylegan2 import StyleGAN2Generator, size_of
from anycost_models.training.engine.sub_generator_sampling import seed_of


@dataclass(frozen=True, eq=False)
class GeneratorInputs:
    z: Tensor  # [N, 2, D]: of two faces
    crossover: Tensor  # [N]: the first row of W+ that takes the second face's style (`styles`: none does)
    noise: tuple[Tensor, ...]  # for each convolution [N, 1, R, R]

    def wplus(self, generator: StyleGAN2Generator) -> Tensor:
        """W+ [N, styles, D], by the generator's mapping network."""
        first, second = generator.mapping(self.z.flatten(0, 1)).unflatten(0, (-1, 2)).unbind(1)
        rows = torch.arange(generator.config.styles, device=first.device)
        return torch.where((rows >= self.crossover[:, None])[..., None], second[:, None], first[:, None])


def sample_inputs(
    generator: StyleGAN2Generator,
    samples: Iterable[int],
    resolution: int,  # pixels: no noise is sampled for higher ones
    seed: int,
    mixing: float,  # probability of style mixing, 0…1
) -> GeneratorInputs:
    styles, dim = generator.config.styles, generator.config.style_dim
    sizes = [size_of(layer) for layer in range(1, generator.config.layers_at(resolution))]  # sides, pixels
    inputs = []
    for sample in samples:
        rng = torch.Generator().manual_seed(seed_of("inputs", seed, sample))
        z = torch.randn(2, dim, generator=rng)
        chance, position = torch.rand(2, generator=rng).tolist()
        crossover = 1 + int(position * (styles - 1)) if chance < mixing else styles
        inputs.append((z, crossover, [torch.randn(1, size, size, generator=rng) for size in sizes]))
    device = generator.constant.device
    zs, crossovers, noises = zip(*inputs, strict=True)
    return GeneratorInputs(
        torch.stack(zs).to(device),
        torch.tensor(crossovers, device=device),
        tuple(torch.stack(maps).to(device) for maps in zip(*noises, strict=True)),
    )
