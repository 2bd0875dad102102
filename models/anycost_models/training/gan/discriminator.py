"""The generator-conditioned, multi-resolution discriminator of Anycost GANs (Lin et al. 2021, arXiv 2103.03243).

A residual discriminator as in StyleGAN2 (Karras et al. 2019, arXiv 1912.04958, section 4). Images of each resolution
enter at their own level, by a 1×1 convolution of their own, and share the blocks below. The last two blocks are
modulated by the architecture of the sub-generator, so that a narrow one is not compared with the full generator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import RATIOS
from anycost_models.generators.stylegan2 import BASE, ROOT2, EqualLinear, blur

CONDITIONED = 2  # modulated blocks: 16 → 8 px and 8 → 4 px
GROUP = 4  # images per group of the minibatch standard deviation


@dataclass(frozen=True)
class DiscriminatorConfig:
    resolutions: tuple[int, ...] = (128, 256, 512, 1024)  # of its inputs, pixels, ascending powers of two
    channel_multiplier: float = 2.0
    channel_max: int = 512
    layers: int = 0  # of the generator, for the architecture code; 0: not conditioned

    def width(self, resolution: int) -> int:
        """Channels of features of that size (pixels)."""
        return min(self.channel_max, int(self.channel_multiplier * BASE / resolution))


def encode_architecture(full: Sequence[int], widths: Sequence[int]) -> Tensor:
    """The architecture code of a sub-generator: per layer, the nearest of RATIOS as one-hot; zeros for layers that do
    not run. [layers · 4]

    full: output channels of the full generator's layers; widths: of the sub-generator's"""
    code = torch.zeros(len(full), len(RATIOS))
    for layer, width in enumerate(widths):
        code[layer, min(range(len(RATIOS)), key=lambda i: abs(RATIOS[i] - width / full[layer]))] = 1
    return code.flatten()


class EqualConv(nn.Module):
    """A convolution with equalised learning rate and LeakyReLU.

    down: blur, then stride 2; linear: without bias and LeakyReLU; code: length of the architecture code that modulates
    its output (0: none)"""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, down: bool = False, linear: bool = False, code: int = 0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = None if linear else nn.Parameter(torch.zeros(outputs))
        self.condition = nn.Linear(code, 2 * outputs) if code else None
        self.scale = (inputs * kernel**2) ** -0.5
        self.padding, self.down = kernel // 2, down

    def forward(self, x: Tensor, architecture: Tensor | None) -> Tensor:
        """x [N, inputs, H, W], architecture [1 or N, code] → [N, outputs, H, W], with `down` of half the size"""
        weight = self.weight * self.scale
        if not self.down:
            x = F.conv2d(x, weight, padding=self.padding)
        elif weight.shape[-1] == 1:  # blurs only the pixels that stride 2 keeps
            x = F.conv2d(blur(x, padding=1, stride=2), weight)
        else:
            x = F.conv2d(blur(x, padding=2), weight, stride=2)
        if self.condition is not None and architecture is not None:
            gain, shift = self.condition(architecture)[..., None, None].chunk(2, dim=1)
            x = x * (1 + gain) + shift
        if self.bias is None:
            return x
        return F.leaky_relu(x + self.bias[:, None, None], 0.2) * ROOT2


class Block(nn.Module):
    """Two convolutions and a shortcut: [N, inputs, H, W] → [N, outputs, H/2, W/2]."""

    def __init__(self, inputs: int, outputs: int, code: int) -> None:
        super().__init__()
        self.conv1 = EqualConv(inputs, inputs, 3, code=code)
        self.conv2 = EqualConv(inputs, outputs, 3, down=True, code=code)
        self.shortcut = EqualConv(inputs, outputs, 1, down=True, linear=True, code=code)

    def forward(self, x: Tensor, architecture: Tensor | None) -> Tensor:
        return (self.conv2(self.conv1(x, architecture), architecture) + self.shortcut(x, architecture)) / ROOT2


class Discriminator(nn.Module):
    """Raises AnycostError for resolutions that are not powers of two from 8 px."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        sizes = [4 << i for i in range(1, 10)]
        if not config.resolutions or not set(config.resolutions) <= set(sizes):
            raise AnycostError(f"a discriminator of {config.resolutions} px", f"list powers of two, 8 to {sizes[-1]}")
        self.config = config
        code, width = len(RATIOS) * config.layers, config.width
        # By the size of their input, pixels.
        entries = nn.ModuleDict({str(r): EqualConv(3, width(r), 1) for r in config.resolutions})
        blocks = nn.ModuleDict(
            {
                str(size): Block(width(size), width(size // 2), code if i < CONDITIONED else 0)
                for i, size in enumerate(size for size in sizes if size <= max(config.resolutions))
            }
        )
        self.entries = cast("Mapping[str, EqualConv]", entries)  # torch's containers don't say what they hold
        self.blocks = cast("Mapping[str, Block]", blocks)
        self.conv = EqualConv(width(4) + 1, width(4), 3)
        self.linear = EqualLinear(width(4) * 4 * 4, width(4))
        self.score = EqualLinear(width(4), 1)

    def forward(self, image: Tensor, architecture: Tensor | None = None) -> Tensor:
        """image [N, 3, R, R], about −1…1; architecture: code of `encode_architecture`, of all images [code] or of each
        [N, code]. Returns logits [N], higher for real. Raises AnycostError for another resolution."""
        size = image.shape[-1]
        if size not in self.config.resolutions:
            raise AnycostError(
                f"this discriminator has no input for {size} px", f"give it images of {self.config.resolutions} px"
            )
        if architecture is not None:
            architecture = architecture.reshape(-1, architecture.shape[-1])
        x = self.entries[str(size)](image, None)
        while size > 4:
            x = self.blocks[str(size)](x, architecture)
            size //= 2
        x = self.conv(torch.cat((x, minibatch_deviation(x)), dim=1), None)
        x = F.leaky_relu(self.linear(x.flatten(1)), 0.2) * ROOT2
        return self.score(x)[:, 0]


def minibatch_deviation(x: Tensor) -> Tensor:
    """Minibatch standard deviation: the mean over all features, in groups of GROUP neighbours (or the largest
    divisor of N below it). [N, C, H, W] → [N, 1, H, W]"""
    count = next(size for size in range(min(GROUP, len(x)), 0, -1) if len(x) % size == 0)
    groups = x.unflatten(0, (-1, count))  # neighbours, so that a batch split over processes has the same groups
    deviation = torch.sqrt(groups.var(dim=1, unbiased=False) + 1e-8).mean(dim=(1, 2, 3))
    return deviation.repeat_interleave(count)[:, None, None, None].expand(-1, 1, *x.shape[2:])
