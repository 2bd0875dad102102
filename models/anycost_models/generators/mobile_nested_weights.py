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
from torch import Tensor, nn

from anycost_models.generators.elastic import RATIOS


def level(resolution: int) -> int:
    """Which features the head of `resolution` reads: 0 for 8 px (features of 4 px), 1 for 16 px …"""
    return resolution.bit_length() - 4


class Modulation(nn.Module):
    """Per ratio of a layer's input, a gain and a shift [R, I] on the style that multiplies it.

    Training starts from the full generator's styles: gain 1, shift 0 (heads: no style, 0 and 1)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(len(RATIOS), inputs))
        self.shift = nn.Parameter(torch.ones(len(RATIOS), inputs))

    def tensors(self, affine: Mapping[str, Tensor], inputs: int, ratio: int) -> dict[str, Tensor]:
        """The narrowed affine of `affine` (its weight [I, D] and bias [I])."""
        gain, shift = self.gain[ratio, :inputs], self.shift[ratio, :inputs]
        return {
            "weight": affine["weight"][:inputs] * gain[:, None],
            "bias": affine["bias"][:inputs] * gain + shift,
        }


class NestedConv(nn.Module):
    """The shared weights of a styled convolution, and per ratio of its outputs a gain and a bias [R, O]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.modulation = Modulation(inputs)
        self.depthwise = nn.Parameter(torch.randn(inputs, 1, 3, 3) / 3)
        self.pointwise = nn.Parameter(torch.randn(outputs, inputs) / inputs**0.5)
        self.gain = nn.Parameter(torch.ones(len(RATIOS), outputs))
        self.bias = nn.Parameter(torch.zeros(len(RATIOS), outputs))

    def tensors(
        self, full: Mapping[str, Tensor], inputs: int, outputs: int, ratios: tuple[int, int]
    ) -> dict[str, Tensor]:
        """full: the full generator's tensors of this layer; ratios: of the inputs and of the outputs."""
        gain, dtype = self.gain[ratios[1], :outputs, None], full["conv.weight"].dtype
        return {
            **prefixed("affine", self.modulation.tensors(within(full, "affine"), inputs, ratios[0])),
            "depthwise.weight": self.depthwise[:inputs].to(dtype),
            "conv.weight": (self.pointwise[:outputs, :inputs] * gain)[:, :, None, None].to(dtype),
            "conv.bias": self.bias[ratios[1], :outputs].to(dtype),
            "noise": full["noise"],
        }


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

    def tensors(
        self, affine: Mapping[str, Tensor], last: Mapping[str, Tensor], inputs: int, ratio: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """last: `colour_code`'s"""
        tint, shade = self.tint[:inputs], self.shade[ratio]
        return {
            **prefixed("affine", self.modulation.tensors(affine, inputs, ratio)),
            "conv.weight": self.weight[ratio, :, :inputs, None, None].to(dtype),
            "conv.bias": self.bias[ratio].to(dtype),
            **{f"tint.{key}": tint @ tensor for key, tensor in last.items()},
            **{f"shade.{key}": shade @ tensor for key, tensor in last.items()},
        }


class Nested(nn.Module):
    """Everything a mobile generator's sub-generators have and its full generator has not."""

    def __init__(self, channels: tuple[int, ...], exits: tuple[int, ...], elastic_from: int) -> None:
        """As MobileConfig says them of the full generator."""
        super().__init__()
        self.full, self.resolution = channels, exits[-1]
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

    def tensors(self, full: Mapping[str, Tensor], widths: tuple[int, ...], exits: tuple[int, ...]) -> dict[str, Tensor]:
        """The state of a plain network of those widths and exits: from the full generator's, and from these weights."""
        ratios = [self.ratio(layer, width) for layer, width in enumerate(widths)]
        wide = tuple(f"blocks.{i}." for i in range(self.first))
        found = {
            name: t for name, t in full.items() if not name.startswith(("blocks.", "heads.")) or name.startswith(wide)
        }
        for i in range(self.first, len(widths) // 2 - 1):
            block, name, at = self.blocks[i - self.first], f"blocks.{i}", 2 + 2 * i
            own = within(full, name)
            found |= prefixed(f"{name}.up", block.up.tensors(within(own, "up"), widths[at - 1], ratios[at - 1]))
            for conv, key, inputs, layer in (
                (block.conv1, "conv1", widths[at - 1] // 4, at),
                (block.conv2, "conv2", widths[at], at + 1),
            ):
                tensors = conv.tensors(within(own, key), inputs, widths[layer], (ratios[layer - 1], ratios[layer]))
                found |= prefixed(f"{name}.{key}", tensors)
        dtype = full["constant"].dtype  # bfloat16 in a generator with fast features
        last = colour_code(within(full, f"heads.{self.resolution}.affine"), full["mean_style"])
        for r in exits:
            layer, is_last = 2 * level(r) + 1, r == self.resolution
            affine = within(full, f"heads.{r}.affine" if is_last else f"blocks.{level(r)}.up")
            head = self.heads[str(r)].tensors(affine, last, widths[layer], ratios[layer], dtype)
            found |= prefixed(f"heads.{r}", head)
        return found


def colour_code(affine: Mapping[str, Tensor], mean_style: Tensor) -> dict[str, Tensor]:
    """The linear map, weight [C, D] and bias [C], of a latent's last row to the style of the full generator's last
    head, less that of the mean style."""
    return {"weight": affine["weight"], "bias": -affine["weight"] @ mean_style}


def within(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of sub-module `name`, by their names within it."""
    return {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}


def prefixed(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, by their names outside sub-module `name`."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}
