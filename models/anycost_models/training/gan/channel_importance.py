"""Sorts a StyleGAN2 generator's channels by importance, so that narrower layers keep the important ones.

As published for adaptive-channel training (Anycost GANs, Lin et al. 2021, arXiv 2103.03243): the importance of a
channel is the sum of the absolute weights that read it in the next convolution (for the last layer, in the RGB head),
times the mean magnitude of the style that modulates it there. Sorting is a permutation: the full generator's function
does not change.
"""

import torch
from torch import Tensor

from anycost_models.generators.stylegan2 import ModulatedConv, RGBHead, StyledConv, StyleGAN2Generator


@torch.no_grad()
def sort_channels(model: StyleGAN2Generator, styles: Tensor) -> None:
    """Sorts in place. styles: w [N, D], of many faces"""
    for layer in reversed(range(len(model.config.channels))):
        readers: list[StyledConv | RGBHead] = [*model.convs[layer : layer + 1]]
        if layer % 2:  # the last layer of its resolution: an RGB head reads it too
            readers.append(model.heads[layer // 2])
        order = importance(readers[0], styles).argsort(descending=True, stable=True)
        _reorder_outputs(model, layer, order)
        for reader in readers:
            _reorder_inputs(reader, order)


def importance(reader: StyledConv | RGBHead, styles: Tensor) -> Tensor:
    """[inputs], of each input channel. styles: w [N, D]"""
    others = [axis for axis in range(reader.weight.ndim) if axis != _input_axis(reader)]
    return reader.weight.abs().sum(others) * reader.style(styles).abs().mean(0)


def _input_axis(reader: ModulatedConv) -> int:
    return 0 if isinstance(reader, StyledConv) and reader.up else 1


def _reorder_outputs(model: StyleGAN2Generator, layer: int, order: Tensor) -> None:
    """Of the constant (layer 0) or of the layer's convolution."""
    if layer == 0:
        model.constant.copy_(model.constant[:, order])
        return
    conv = model.convs[layer - 1]
    conv.weight.copy_(conv.weight.index_select(1 - _input_axis(conv), order))
    conv.bias.copy_(conv.bias[order])


def _reorder_inputs(reader: StyledConv | RGBHead, order: Tensor) -> None:
    reader.weight.copy_(reader.weight.index_select(_input_axis(reader), order))
    reader.affine.weight.copy_(reader.affine.weight[order])
    reader.affine.bias.copy_(reader.affine.bias[order])
