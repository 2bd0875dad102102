"""Anycost GAN's elastic generator: StyleGAN2, with an image at every resolution and convolutions of any width.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2019, arXiv:1912.04958: weight demodulation
(section 2.2) and RGB heads added up by skip connections (section 4.1). Elastic as in "Anycost GANs for Interactive
Image Synthesis and Editing", 2021, arXiv:2103.03243, section 3. Per convolution: x · affine(w) → 3×3 (to twice the
size: transposed, then blurred) → demodulated → + noise map + bias → LeakyReLU. At every resolution an RGB head adds to
the image so far, enlarged. A sub-generator stops early and takes the first channels of each layer; it demodulates by
the weights it took, and keeps the full layers' weight scale.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import ElasticGenerator

BASE = 16384  # channels × pixels of side, at a multiplier of 1: 4096 channels at 4 px, halving per octave
MAX_SIZE = 2048  # pixels, channels, numbers of a style
ROOT2 = 2**0.5  # LeakyReLU's gain, which may as well be given to what goes in
BLUR = [[a * b / 64 for b in (1, 3, 3, 1)] for a in (1, 3, 3, 1)]


def layers_at(resolution: int) -> int:
    """The layers of an image of that resolution: the constant and one convolution at 4 px, then two per octave."""
    return 2 * resolution.bit_length() - 4


def size_of(layer: int) -> int:
    """Of the features that layer puts out, pixels."""
    return 4 << layer // 2


@dataclass(frozen=True)
class StyleGAN2Config:
    """Raises AnycostError for sizes that no such generator can have."""

    resolution: int = 1024  # of the full image, pixels: a power of two
    style_dim: int = 512  # numbers of z and of w
    mapping_layers: int = 8
    channel_multiplier: float = 2.0  # with channel_max it says the channels where none are listed
    channel_max: int = 512
    channels: tuple[int, ...] = ()  # outputs of the constant and of every styled convolution, in forward order
    exits: tuple[int, ...] = ()  # resolutions that can be rendered, ascending; default: 8, 16 … resolution

    def __post_init__(self) -> None:
        if self.resolution not in (sizes := [8 << i for i in range(9)]):
            raise AnycostError(
                f"a StyleGAN2 of {self.resolution} px", f"choose a power of two, {sizes[0]} to {MAX_SIZE}"
            )
        layers = range(layers_at(self.resolution))
        published = tuple(min(self.channel_max, int(self.channel_multiplier * BASE / size_of(i))) for i in layers)
        channels, exits = self.channels or published, self.exits or tuple(r for r in sizes if r <= self.resolution)
        if len(channels) != len(layers):
            raise AnycostError(
                f"{len(channels)} numbers of channels are given", f"give {len(layers)}, as {self.resolution} px need"
            )
        for value in (self.style_dim, self.mapping_layers, *channels):
            if not 1 <= value <= MAX_SIZE:
                raise AnycostError(
                    f"a StyleGAN2 with a size of {value} (channels, style or layers)", f"choose 1 to {MAX_SIZE}"
                )
        if not set(exits) <= set(sizes) or exits != tuple(sorted({*exits, self.resolution})):
            raise AnycostError(f"exits {exits}", f"list powers of two, ascending, from 8 to {self.resolution}")
        object.__setattr__(self, "channels", channels)  # frozen for everybody else
        object.__setattr__(self, "exits", exits)

    @property
    def styles(self) -> int:
        """Rows of a W+ latent: one for each styled convolution, and one for the last RGB head."""
        return len(self.channels)

    # As GeneratorConfig

    def layers_at(self, resolution: int) -> int:
        return layers_at(resolution)

    def uniform_widths(self, ratio: float) -> tuple[int, ...]:
        """As published: layers shrink together with the last one, up to the most channels that the generator has."""
        last, full = self.channels[-1] * self.resolution, self.channels
        return tuple(max(1, min(width, int(ratio * last / size_of(i)))) for i, width in enumerate(full))

    def allowed_widths(self, layer: int) -> Sequence[int]:
        return range(1, self.channels[layer] + 1)

    def sub_config(self, resolution: int, widths: tuple[int, ...], exits: tuple[int, ...]) -> "StyleGAN2Config":
        return replace(self, resolution=resolution, channels=widths, exits=exits)


TINY = StyleGAN2Config(32, style_dim=16, mapping_layers=2, channels=(16, 16, 16, 16, 12, 12, 8, 8))  # for tests


def blur_kernel(x: Tensor, gain: float) -> Tensor:
    """[C, 1, 4, 4] for x [N, C, H, W]: the kernel for each channel, its sum being `gain`."""
    return torch.tensor(BLUR, dtype=x.dtype, device=x.device).mul(gain).repeat(x.shape[1], 1, 1, 1)


def blur(x: Tensor, *, padding: int, stride: int = 1, gain: float = 1) -> Tensor:
    """[N, C, H, W], each channel filtered by the binomial kernel 1 3 3 1 in both directions."""
    return F.conv2d(x, blur_kernel(x, gain), padding=padding, stride=stride, groups=x.shape[1])


def enlarge(x: Tensor) -> Tensor:
    """To twice the size, blurred by the same kernel. [N, C, H, W] → [N, C, 2·H, 2·W]"""
    return F.conv_transpose2d(x, blur_kernel(x, 4), stride=2, padding=1, groups=x.shape[1])


def modulate(x: Tensor, style: Tensor) -> Tensor:
    """x [N, C, H, W] × style [N, C]; styles stay float32 where features are bfloat16, so that small edits count."""
    return x * style[:, :, None, None].to(x.dtype)


class EqualLinear(nn.Module):
    """[…, inputs] → […, outputs], with an equalised learning rate: weights of unit variance, scaled where they are used
    (Karras et al., "Progressive Growing of GANs", 2017, arXiv:1710.10196, section 4.1). rate: slows learning
    further."""

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.rate = rate
        self.scale = rate / inputs**0.5

    def forward(self, x: Tensor) -> Tensor:
        """[…, inputs] → […, outputs]."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class MappingNetwork(nn.Module):
    """z [N, D] → w [N, D]: z normalised, then fully connected layers (StyleGAN, 2018, arXiv:1812.04948, section 2)."""

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        dim = config.style_dim
        self.layers = nn.ModuleList(EqualLinear(dim, dim, rate=0.01) for _ in range(config.mapping_layers))

    def forward(self, z: Tensor) -> Tensor:
        """z [N, D] → w [N, D]."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * ROOT2
        return x


class ModulatedConv(nn.Module):
    """What styled convolutions and RGB heads share: a style for each input channel, and a bias for each output."""

    scale: Tensor

    def __init__(self, style_dim: int, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.affine = EqualLinear(style_dim, inputs, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(outputs))
        # By the fan-in of the full layer: a sub-generator's tensors bring it along, its own fan-in is smaller.
        self.register_buffer("scale", torch.tensor((inputs * kernel**2) ** -0.5))

    def style(self, w: Tensor) -> Tensor:
        """w [N, D] → what input channels are multiplied by [N, inputs], the weights' scale included."""
        return self.affine(w) * self.scale


class StyledConv(ModulatedConv):
    """Modulated 3×3 convolution, demodulated by the expected energy of its outputs (section 2.2, equations 1 to 3)."""

    noise: Tensor

    def __init__(self, style_dim: int, inputs: int, outputs: int, size: int, *, up: bool) -> None:
        super().__init__(style_dim, inputs, outputs, 3)
        self.up = up
        # As torch wants them: [outputs, inputs, 3, 3], of a transposed convolution [inputs, outputs, 3, 3].
        self.weight = nn.Parameter(torch.randn(*((inputs, outputs) if up else (outputs, inputs)), 3, 3))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, size, size))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """x [N, inputs, H, W], w [N, D], noise [1 or N, 1, size, size] → [N, outputs, size, size]"""
        style = self.style(w)
        energy = self.weight.float().square().sum(dim=(2, 3))
        demodulation = torch.rsqrt(style.square() @ (energy if self.up else energy.T) + 1e-8)  # [N, outputs]
        x = modulate(x, style)
        if self.up:
            x = blur(F.conv_transpose2d(x, self.weight, stride=2), padding=1, gain=4)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        # Features are large: every pass over them counts, and in place it costs half.
        bias, gain = self.bias[:, None, None] * ROOT2, demodulation[:, :, None, None] * ROOT2
        x = torch.addcmul(bias.to(x.dtype), x, gain.to(x.dtype))
        x = x.add_((noise * self.noise_strength * ROOT2).to(x.dtype))
        return F.leaky_relu(x, 0.2, inplace=True)


class RGBHead(ModulatedConv):
    """A 1×1 convolution that is not demodulated."""

    def __init__(self, style_dim: int, inputs: int) -> None:
        super().__init__(style_dim, inputs, 3, 1)
        self.weight = nn.Parameter(torch.randn(3, inputs))

    def forward(self, x: Tensor, w: Tensor, below: Tensor | None) -> Tensor:
        """x [N, inputs, H, W], w [N, D], below: the image [N, 3, H/2, W/2] so far → [N, 3, H, W], float32"""
        weight = self.weight * self.style(w)[:, None]  # [N, 3, inputs]
        image = (weight.to(x.dtype) @ x.flatten(2)).float().unflatten(2, x.shape[2:])
        image = image + self.bias[:, None, None]
        return image if below is None else image + enlarge(below)


class StyleGAN2Generator(ElasticGenerator):
    config: StyleGAN2Config

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__(config)
        self.config = config
        dim, channels = config.style_dim, config.channels
        self.mapping = MappingNetwork(config)
        self.register_buffer("mean_style", torch.zeros(dim))
        self.constant = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        convs = nn.ModuleList(
            StyledConv(dim, channels[i], channels[i + 1], size_of(i + 1), up=i % 2 == 1)
            for i in range(len(channels) - 1)
        )
        heads = nn.ModuleList(RGBHead(dim, width) for width in channels[1::2])  # for 4, 8, 16 … px
        self.convs = cast("Sequence[StyledConv]", convs)  # torch's containers don't say what they hold
        self.heads = cast("Sequence[RGBHead]", heads)

    def images(
        self, latent: Tensor, noise: Sequence[Tensor] | None = None, *, checkpoint_activations: bool = False
    ) -> dict[int, Tensor]:
        """As in ElasticGenerator: W+ [N, styles, D] → resolution: RGB [N, 3, R, R], about −1…1.

        noise: for each convolution a map [1 or N, 1, R, R] instead of the fixed one, as `random_noise` gives them
        checkpoint_activations: in a backward pass, compute the last two octaves again instead of keeping their
            activations, which saves memory and costs time"""
        noise = [conv.noise for conv in self.convs] if noise is None else list(noise)
        x, image, rendered = self.constant.expand(latent.shape[0], -1, -1, -1), None, {}
        for level in range(len(self.heads)):
            if checkpoint_activations and level + 2 >= len(self.heads):
                x, image = checkpoint(self._octave, level, x, image, latent, noise, use_reentrant=False)
            else:
                x, image = self._octave(level, x, image, latent, noise)
            if (size := 4 << level) in self.config.exits:
                rendered[size] = image
        return rendered

    def _octave(
        self, level: int, x: Tensor, image: Tensor | None, latent: Tensor, noise: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Features and image of 4·2^level pixels from those of half that size (from the constant at level 0)."""
        for i in range(max(0, 2 * level - 1), 2 * level + 1):
            x = self.convs[i](x, latent[:, i], noise[i])
        return x, self.heads[level](x, latent[:, 2 * level + 1], image)  # shares its row with the next convolution

    def half_size(self, latent: Tensor, *, checkpoint_activations: bool = False) -> Tensor:
        """The 2×2 mean of the full image, float32 [N, 3, R/2, R/2]. checkpoint_activations: as in `pictures`"""
        full = self.images(self.as_wplus(latent), checkpoint_activations=checkpoint_activations)[self.config.resolution]
        return F.avg_pool2d(full.float(), 2)

    def random_noise(self, count: int, generator: torch.Generator | None = None) -> list[Tensor]:
        """Noise maps for `count` images, for `pictures`: [count, 1, R, R] each, new ones each time, as training needs
        them."""
        device = self.constant.device
        sizes = (conv.noise.shape[-1] for conv in self.convs)
        return [torch.randn(count, 1, size, size, generator=generator, device=device) for size in sizes]

    @torch.no_grad()
    def measure_mean_style(self, seed: int = 0) -> None:
        """Sets `mean_style` to the mean of w over 16,384 z, within 1 % of the deviation of w."""
        z = torch.randn(1 << 14, self.config.style_dim, generator=torch.Generator().manual_seed(seed))
        self.mean_style.copy_(self.mapping(z.to(self.mean_style.device)).mean(dim=0))

    def with_fast_features(self) -> "StyleGAN2Generator":
        """A copy whose features are bfloat16 and channels-last; styles and the image stay float32."""
        fast = copy.deepcopy(self)
        for conv in fast.convs:
            conv.weight.data = conv.weight.data.bfloat16()
        fast.constant.data = fast.constant.data.bfloat16()
        return fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    # What ElasticGenerator asks of a family

    def sub_tensors(self, config: StyleGAN2Config) -> dict[str, Tensor]:
        """The leading slice, in every dimension, of each tensor that is needed."""
        own = self.state_dict(keep_vars=True)
        needed = self.empty(config).state_dict()
        return {name: own[name][tuple(map(slice, tensor.shape))] for name, tensor in needed.items()}
