"""The nested weights of the mobile generator's sub-generators: one set, of which a narrower layer takes the first part.

As in Anycost GAN's adaptive-channel training (2021, arXiv:2103.03243, section 3), but apart from the full generator.

The trunk up to 32 px (7 % of the operations, and where identity is set) is the full generator's own. From there on
every sub-generator, of whatever widths, uses the first channels of the same convolutions; only gains, biases and RGB
heads, a few numbers per channel, exist once for each channel ratio. The full generator keeps its own late convolutions
(5 % of the weights), so that no sub-generator's training can touch it.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import nn

from anycost_models.generators.mobile_config import level
from anycost_models.generators.sub_generator import RATIOS


class Modulation(nn.Module):
    """Per ratio of a layer's input, a gain and a shift [R, I] on the style that multiplies it.

    Training starts from the full generator's styles: gain 1, shift 0 (heads: no style, 0 and 1)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(len(RATIOS), inputs))
        self.shift = nn.Parameter(torch.ones(len(RATIOS), inputs))


class NestedConv(nn.Module):
    """The shared weights of a styled convolution, and per ratio of its outputs a gain and a bias [R, O]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.modulation = Modulation(inputs)
        self.depthwise = nn.Parameter(torch.randn(inputs, 1, 3, 3) / 3)
        self.pointwise = nn.Parameter(torch.randn(outputs, inputs) / inputs**0.5)
        self.gain = nn.Parameter(torch.ones(len(RATIOS), outputs))
        self.bias = nn.Parameter(torch.zeros(len(RATIOS), outputs))


class NestedBlock(nn.Module):
    def __init__(self, inputs: int, between: int, outputs: int) -> None:
        super().__init__()
        self.up = Modulation(inputs)
        self.conv1 = NestedConv(inputs // 4, between)
        self.conv2 = NestedConv(between, outputs)


class NestedHead(nn.Module):
    """One RGB head per ratio, modulated by the affine of what the full generator makes of the same features.

    Much of the lower exits' error is brightness and colours of large areas, which the full generator settles in layers
    that they leave out. Its last head's style says most about them; it is a small code for what the lower heads add."""

    def __init__(self, inputs: int, code: int) -> None:
        """code: channels of the full generator's last features."""
        super().__init__()
        self.modulation = Modulation(inputs)
        self.weight = nn.Parameter(torch.randn(len(RATIOS), 12, inputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(len(RATIOS), 12))
        self.tint = nn.Parameter(torch.zeros(inputs, code))
        self.shade = nn.Parameter(torch.zeros(len(RATIOS), 12, code))


class Nested(nn.Module):
    """Everything a mobile generator's sub-generators have and its full generator has not: `sub_tensors` makes their
    tensors of it."""

    def __init__(self, channels: tuple[int, ...], exits: tuple[int, ...], elastic_from: int) -> None:
        """As MobileConfig says them of the full generator."""
        super().__init__()
        self.full = channels
        self.first = elastic_from // 2 - 1  # the first narrowed block
        blocks = nn.ModuleList(
            NestedBlock(*channels[i - 1 : i + 2]) for i in range(2 + 2 * self.first, len(channels), 2)
        )
        heads = nn.ModuleDict({str(r): NestedHead(channels[2 * level(r) + 1], channels[-1]) for r in exits})
        self.blocks = cast("Sequence[NestedBlock]", blocks)
        self.heads = cast("Mapping[str, NestedHead]", heads)

    def ratio(self, layer: int, width: int) -> int:
        """The index in RATIOS of a layer's width."""
        return RATIOS.index(width / self.full[layer])
