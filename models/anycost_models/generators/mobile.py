"""The embedded generator: a small wavelet StyleGAN.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image Synthesis", 2021,
arXiv:2104.04767, section 3. Per convolution: x · affine(w) → depthwise 3×3 → 1×1 (→ + noise map + bias → LeakyReLU).
Demodulation does not depend on the style in this family and is folded into the weights. Features double in size by an
inverse Haar transform, and an RGB head predicts the four Haar bands of the image, so that a head on R/2 features
renders R pixels. What makes it elastic, the nested weights of its sub-generators, is in mobile_nested_weights.py.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.mobile_config import FULL, MobileConfig, level
from anycost_models.generators.mobile_nested_weights import Nested
from anycost_models.generators.mobile_sub_tensors import sub_tensors

HAAR = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))  # LL, LH, HL, HH over a 2×2 quad, × ½


def inverse_haar(bands: Tensor) -> Tensor:
    """[N, 4·C, H, W], the bands LL, LH, HL, HH of each channel side by side, to [N, C, 2·H, 2·W].

    torch computes it fastest by one grouped transposed convolution on CPUs, by sums and differences on GPUs. CPU
    runtimes compute it fastest, in bfloat16 by far, by a grouped 1×1 convolution to the four pixels of each quad, which
    are then laid out."""
    groups = bands.shape[1] // 4
    if bands.is_cuda:
        ll, lh, hl, hh = (0.5 * bands).unflatten(1, (groups, 4)).unbind(2)
        top, bottom, left, right = ll + lh, ll - lh, hl + hh, hl - hh
        quads = torch.stack([top + left, top - left, bottom + right, bottom - right], 2)
        return F.pixel_shuffle(quads.flatten(1, 2), 2)
    haar_matrix = torch.tensor(HAAR, dtype=bands.dtype, device=bands.device).mul(0.5)
    if torch.onnx.is_in_onnx_export():
        to_pixels = haar_matrix.T.reshape(4, 4, 1, 1).repeat(groups, 1, 1, 1)
        return F.pixel_shuffle(F.conv2d(bands, to_pixels, groups=groups), 2)
    kernel = haar_matrix.view(4, 1, 2, 2)
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
    """z [N, D] → w [N, D]: z normalised, then fully connected layers (StyleGAN, 2018, arXiv:1812.04948, section 2)."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        layers = nn.ModuleList(nn.Linear(config.style_dim, config.style_dim) for _ in range(config.mapping_layers))
        self.layers = cast("Sequence[nn.Linear]", layers)

    def forward(self, z: Tensor) -> Tensor:
        """z [N, D] → w [N, D]."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * 2**0.5
        return x


class StyledConv(nn.Module):
    """One modulated convolution, [N, inputs, H, W] → [N, outputs, H, W].

    full: the root's dense 3×3; else depthwise 3×3 and 1×1 (section 3)"""

    def __init__(self, style_dim: int, inputs: int, outputs: int, size: int, *, full: bool = False) -> None:
        super().__init__()
        self.affine = nn.Linear(style_dim, inputs)
        self.depthwise = None if full else nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.conv = nn.Conv2d(inputs, outputs, 3 if full else 1, padding=int(full))  # its bias is the layer's
        self.noise = nn.Parameter(torch.zeros(1, 1, size, size))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [N, inputs, size, size], w [N, D] → [N, outputs, size, size]."""
        x = modulate(x, self.affine(w))
        if self.depthwise is not None:
            x = self.depthwise(x)
        x = self.conv(x)
        return F.leaky_relu(x + self.noise.to(x.dtype), 0.2, inplace=True)


class Block(nn.Module):
    """Upsamples the features by 2 and applies two styled convolutions."""

    def __init__(self, style_dim: int, inputs: int, between: int, outputs: int, size: int) -> None:
        super().__init__()
        self.up = nn.Linear(style_dim, inputs)  # affine of the modulation before the inverse Haar transform
        self.conv1 = StyledConv(style_dim, inputs // 4, between, size)
        self.conv2 = StyledConv(style_dim, between, outputs, size)

    def forward(self, x: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
        """x [N, inputs, R, R], w1, w2 [N, D] of both convolutions → [N, outputs, 2·R, 2·R]."""
        x = inverse_haar(modulate(x, self.up(w1)))
        return self.conv2(self.conv1(x, w1), w2)


class Head(nn.Module):
    """Features [N, C, R/2, R/2] → RGB [N, 3, R, R], about −1…1.

    A tinted head lies before the layers that set brightness and colours by styles of their own. In their place it adds
    a linear function of the latent's last row to its own style (`tint`) and to its bands (`shade`)."""

    def __init__(self, style_dim: int, inputs: int, *, tinted: bool) -> None:
        super().__init__()
        self.affine = nn.Linear(style_dim, inputs)
        self.conv = nn.Conv2d(inputs, 12, 1)
        self.tint = nn.Linear(style_dim, inputs) if tinted else None
        self.shade = nn.Linear(style_dim, 12) if tinted else None

    def bands(self, x: Tensor, w: Tensor, last: Tensor) -> Tensor:
        """[N, 12, R/2, R/2]: the Haar bands of red, green and blue. w, last: the head's own row and the last one."""
        style = self.affine(w)
        if self.tint is None or self.shade is None:
            return self.conv(modulate(x, style))
        return self.conv(modulate(x, style + self.tint(last))) + self.shade(last)[:, :, None, None].to(x.dtype)

    def mean(self, x: Tensor, w: Tensor) -> Tensor:
        """The exact 2×2 mean of what an untinted head answers, float32 [N, 3, R/2, R/2]: its LL bands alone."""
        weight, bias = self.conv.weight[::4], None if self.conv.bias is None else self.conv.bias[::4]
        return F.conv2d(modulate(x, self.affine(w)), weight, bias).float() / 2

    def forward(self, x: Tensor, w: Tensor, last: Tensor) -> Tensor:
        """x [N, C, R/2, R/2]; w, last [N, D]: the head's own row and the latent's last one → RGB [N, 3, R, R]."""
        return inverse_haar(self.bands(x, w, last))


class MobileGenerator(ElasticGenerator):
    """The full network; with `nested` weights its sub-generators too."""

    config: MobileConfig
    mapping: MappingNetwork

    def __init__(self, config: MobileConfig = FULL) -> None:
        super().__init__(config)
        self.config = config
        dim, channels = config.style_dim, config.channels
        self.mapping = MappingNetwork(config)
        self.register_buffer("mean_style", torch.zeros(dim))
        self.constant = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        self.root = StyledConv(dim, channels[0], channels[1], 4, full=True)
        blocks = nn.ModuleList(
            Block(dim, channels[i - 1], channels[i], channels[i + 1], 4 << i // 2) for i in range(2, len(channels), 2)
        )
        tinted = config.tinted
        heads = nn.ModuleDict({str(r): Head(dim, channels[2 * level(r) + 1], tinted=tinted) for r in config.heads})
        self.blocks = cast("Sequence[Block]", blocks)  # torch's containers don't say what they hold
        self.heads = cast("Mapping[str, Head]", heads)
        first = config.elastic_from
        self.nested = None if first is None else Nested(channels, config.exits, first)

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

    def features(self, latent: Tensor, *, checkpoint_activations: bool = False) -> Iterator[Tensor]:
        """The trunk's features at 4, 8, 16 … px, computed one block at a time, only as far as they are asked for.

        latent: W+ [N, styles, D]; checkpoint_activations: in a backward pass, compute the last two blocks again
        instead of keeping their activations, which saves memory and costs time."""
        w = latent.unbind(1)
        x = self.root(self.constant.expand(latent.shape[0], -1, -1, -1), w[0])
        yield x
        for i, block in enumerate(self.blocks):
            if checkpoint_activations and i + 2 >= len(self.blocks):
                x = checkpoint(block, x, w[1 + 2 * i], w[2 + 2 * i], use_reentrant=False)
            else:
                x = block(x, w[1 + 2 * i], w[2 + 2 * i])
            yield x

    def images(self, latent: Tensor) -> dict[int, Tensor]:
        """W+ [N, styles, D] → resolution: RGB [N, 3, R, R], about −1…1."""
        rendered = {}
        for i, x in enumerate(self.features(latent)):
            if str(8 << i) in self.heads:
                rendered[8 << i] = self.heads[str(8 << i)](x, latent[:, 2 * i + 1], latent[:, -1])
        return rendered

    def half_size(self, latent: Tensor, *, checkpoint_activations: bool = False) -> Tensor:
        """The exact 2×2 mean of the full image, float32 [N, 3, R/2, R/2]: its LL band, without rendering the others.

        checkpoint_activations: as in `features`"""
        latent = self.as_wplus(latent)
        *_, features = self.features(latent, checkpoint_activations=checkpoint_activations)
        head = self.heads[str(self.config.resolution)]
        if head.tint is None:
            return head.mean(features, latent[:, -1])
        return head.bands(features, latent[:, -1], latent[:, -1])[:, ::4].float() / 2

    def sub_tensors(self, config: MobileConfig) -> dict[str, Tensor]:
        """The full generator's own tensors, or the nested weights at `config`'s widths."""
        return sub_tensors(self.state_dict(keep_vars=True), self.config, config)
