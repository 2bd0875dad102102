"""The embedded generator: a small wavelet StyleGAN (MobileStyleGAN family) with exits at several resolutions.

Per convolution: x · affine(w) → depthwise 3×3 → 1×1 → + noise map + bias → LeakyReLU. Demodulation does not depend
on the style in this family and is folded into the weights. Features double in size by an inverse Haar transform, and
an RGB head predicts the four Haar bands of the picture, so that a head on R/2 features draws R pixels.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from anycost_models.elastic import SubGenerator
from anycost_models.errors import AnycostError


@dataclass(frozen=True)
class MobileConfig:
    style_dim: int = 512
    mapping_layers: int = 8
    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)  # of the features at 4, 8, 16 … px
    exits: tuple[int, ...] = (
        64,
        128,
        256,
        512,
        1024,
    )  # resolutions with an RGB head, ascending; the last is the full one

    @property
    def resolution(self) -> int:
        """Of the full picture, pixels."""
        return self.exits[-1]

    @property
    def styles(self) -> int:
        """Rows of a W+ latent: one for the root, two for each block, one for the last head."""
        return 2 * len(self.channels)


FULL = MobileConfig()
TINY = MobileConfig(style_dim=32, mapping_layers=2, channels=(32, 32, 16, 8), exits=(16, 32, 64))  # for tests


HAAR = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))  # LL, LH, HL, HH over a 2×2 quad, × ½


def inverse_haar(bands: Tensor) -> Tensor:
    """[N, 4·C, H, W], the bands LL, LH, HL, HH of each channel side by side, to [N, C, 2·H, 2·W].

    One grouped transposed convolution: the form that CPU runtimes draw fastest."""
    groups = bands.shape[1] // 4
    kernel = torch.tensor(HAAR, dtype=bands.dtype, device=bands.device).mul(0.5).view(4, 1, 2, 2)
    return F.conv_transpose2d(bands, kernel.repeat(groups, 1, 1, 1), stride=2, groups=groups)


def haar(image: Tensor) -> Tensor:
    """The inverse of `inverse_haar`: [N, C, 2·H, 2·W] to [N, 4·C, H, W]."""
    groups = image.shape[1]
    kernel = torch.tensor(HAAR, dtype=image.dtype, device=image.device).mul(0.5).view(4, 1, 2, 2)
    return F.conv2d(image, kernel.repeat(groups, 1, 1, 1), stride=2, groups=groups)


def modulate(x: Tensor, style: Tensor) -> Tensor:
    """x [N, C, H, W] × style [N, C]; styles stay float32 where features are bfloat16, so that small edits count."""
    return x * style[:, :, None, None].to(x.dtype)


class MappingNetwork(nn.Module):
    """z [N, D] → w [N, D]."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        layers = nn.ModuleList(nn.Linear(config.style_dim, config.style_dim) for _ in range(config.mapping_layers))
        self.layers = cast("Sequence[nn.Linear]", layers)

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * 2**0.5
        return x


class StyledConv(nn.Module):
    """One modulated convolution; `full=True` is the root's dense 3×3, else depthwise 3×3 and 1×1."""

    def __init__(self, style_dim: int, inputs: int, outputs: int, size: int, *, full: bool = False) -> None:
        super().__init__()
        self.affine = nn.Linear(style_dim, inputs)
        self.depthwise = None if full else nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.conv = nn.Conv2d(inputs, outputs, 3 if full else 1, padding=int(full))  # its bias is the layer's
        self.noise = nn.Parameter(torch.zeros(1, 1, size, size))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = modulate(x, self.affine(w))
        if self.depthwise is not None:
            x = self.depthwise(x)
        return F.leaky_relu(self.conv(x) + self.noise, 0.2)


class Block(nn.Module):
    """Doubles the features' size and draws them anew, by two convolutions."""

    def __init__(self, style_dim: int, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.up = nn.Linear(style_dim, inputs)  # affine of the modulation before the inverse Haar transform
        self.conv1 = StyledConv(style_dim, inputs // 4, outputs, size)
        self.conv2 = StyledConv(style_dim, outputs, outputs, size)

    def forward(self, x: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
        x = inverse_haar(modulate(x, self.up(w1)))
        return self.conv2(self.conv1(x, w1), w2)


class Head(nn.Module):
    """Features [N, C, R/2, R/2] → RGB [N, 3, R, R], about −1…1."""

    def __init__(self, style_dim: int, inputs: int) -> None:
        super().__init__()
        self.affine = nn.Linear(style_dim, inputs)
        self.conv = nn.Conv2d(inputs, 12, 1)

    def bands(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, 12, R/2, R/2]: the Haar bands of red, green and blue."""
        return self.conv(modulate(x, self.affine(w)))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return inverse_haar(self.bands(x, w))


class MobileGenerator(nn.Module):
    """z → w by `mapping`, W+ → picture by calling it; `mean_style` is the mean of w over many z."""

    mean_style: Tensor

    def __init__(self, config: MobileConfig = FULL) -> None:
        super().__init__()
        self.config = config
        dim, channels = config.style_dim, config.channels
        self.mapping = MappingNetwork(config)
        self.register_buffer("mean_style", torch.zeros(dim))
        self.constant = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        self.root = StyledConv(dim, channels[0], channels[0], 4, full=True)
        blocks = nn.ModuleList(
            Block(dim, inputs, outputs, 8 << i) for i, (inputs, outputs) in enumerate(pairwise(channels))
        )
        heads = nn.ModuleDict({str(r): Head(dim, channels[self.level(r)]) for r in config.exits})
        self.blocks = cast("Sequence[Block]", blocks)  # torch's containers don't say what they hold
        self.heads = cast("Mapping[str, Head]", heads)

    def level(self, resolution: int) -> int:
        """Which of `features` the head of `resolution` reads: 0 for 8 px, 1 for 16 px, … AnycostError: no such head."""
        if resolution not in self.config.exits:
            exits = ", ".join(map(str, self.config.exits))
            raise AnycostError(f"this generator draws {exits} px, not {resolution}: choose one of them")
        return resolution.bit_length() - 4

    def with_fast_features(self) -> "MobileGenerator":
        """A copy whose features are bfloat16 and channels-last: 2-4 × quicker on CPUs that have it, 46 dB away."""
        fast = copy.deepcopy(self)
        for module in fast.modules():
            if isinstance(module, nn.Conv2d):
                module.to(torch.bfloat16)
            if isinstance(module, StyledConv):
                module.noise.data = module.noise.data.bfloat16()
        fast.constant.data = fast.constant.data.bfloat16()
        return fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def sub_generators(self) -> tuple[SubGenerator, ...]:
        """All valid ones, cheapest first."""
        return tuple(SubGenerator(r) for r in self.config.exits)

    def styles(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """z [N, D] → w [N, D], drawn towards the mean style by the truncation ψ (1: not at all)."""
        return torch.lerp(self.mean_style.expand_as(z), self.mapping(z), truncation)

    def features(self, latent: Tensor, *, thrifty: bool = False) -> Iterator[Tensor]:
        """The trunk's features at 4, 8, 16 … px, drawn one block at a time: whoever stops asking stops the work.

        latent: W+ [N, styles, D]; thrifty: in a backward pass, compute the last two blocks again
        instead of keeping what they drew, which saves memory and costs time."""
        w = latent.unbind(1)
        x = self.root(self.constant.expand(latent.shape[0], -1, -1, -1), w[0])
        yield x
        for i, block in enumerate(self.blocks):
            if thrifty and i + 2 >= len(self.blocks):
                x = checkpoint(block, x, w[1 + 2 * i], w[2 + 2 * i], use_reentrant=False)
            else:
                x = block(x, w[1 + 2 * i], w[2 + 2 * i])
            yield x

    def draw(self, features: Tensor, latent: Tensor, resolution: int) -> Tensor:
        """The RGB picture [N, 3, R, R] that the head of `resolution` makes of the features at R/2."""
        return self.heads[str(resolution)](features, latent[:, 2 * self.level(resolution) + 1])

    def forward(self, latent: Tensor, sub: SubGenerator | None = None) -> Tensor:
        """latent: w [N, D] or W+ [N, styles, D]; sub: how much to run (None: the full generator). Returns RGB
        [N, 3, R, R], about −1…1, not clamped. Raises AnycostError for a resolution without an exit or a wrong shape."""
        resolution = self.config.resolution if sub is None else sub.resolution
        latent = self.as_wplus(latent)
        features = next(islice(self.features(latent), self.level(resolution), None))
        return self.draw(features, latent, resolution)

    def half_size(self, latent: Tensor, *, thrifty: bool = False) -> Tensor:
        """The exact 2×2 mean of the full picture, float32 [N, 3, R/2, R/2]: its LL band, without drawing the others.

        thrifty: as in `features`"""
        latent = self.as_wplus(latent)
        *_, features = self.features(latent, thrifty=thrifty)
        head = self.heads[str(self.config.resolution)]
        return head.bands(features, latent[:, -1])[:, ::4].float() / 2

    def as_wplus(self, latent: Tensor) -> Tensor:
        """w [N, D] or W+ [N, styles, D] → W+. Raises AnycostError when it is neither."""
        config = self.config
        if latent.ndim == 2 and latent.shape[1] == config.style_dim:
            return latent[:, None].expand(-1, config.styles, -1)
        if latent.ndim == 3 and tuple(latent.shape[1:]) == (config.styles, config.style_dim):
            return latent
        raise AnycostError(
            f"the latent is {tuple(latent.shape)}, this generator needs (N, {config.styles}, {config.style_dim}):"
            " it was made for another model"
        )
