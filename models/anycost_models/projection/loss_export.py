"""The loss of projection with its gradient, and the features that it compares, as ONNX: what `loss.py` says in torch,
written without it."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anycost_models.export import efficientnet_graph, layers
from anycost_models.export.graph import Graph, Value
from anycost_models.export.mobile_graph import MobileDrawing, halved, read_sub_generator, rows_of
from anycost_models.generators.network_file import fitting_file
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.imagenet_weights import CHANNELS, imagenet_weights
from anycost_models.projection.objective import SIDE

STRIDES = (2, 4, 8, 16)  # pixels: of the features that ENL0 compares


@fitting_file
def loss_graph(path: Path, sub: SubGenerator, *, full: bool) -> bytes:
    """As `LossGraphs` runs it. full: a full generator, whose image at half size is exact and cheaper.

    Raises AnycostError when a file is missing or damaged, and for a sub-generator that this generator does not have."""
    config, tensors = read_sub_generator(path, sub)
    side, graph = min(SIDE, sub.resolution), Graph()
    latent = graph.input("latent", 1, config.styles, config.style_dim)
    pixels, perceptual, strength = (graph.input(name, 1) for name in ("pixels", "perceptual", "noise_strength"))
    face, weight = graph.input("face", 1, 3, side, side), graph.input("weight", 1, 1, side, side)
    theirs = [graph.input(f"features_{s}", 1, CHANNELS[s], side // s, side // s) for s in STRIDES]

    rows = rows_of(latent)
    for row in rows:
        graph.vary(row)
    halve = full and sub.resolution >= 4 * SIDE
    drawing = MobileDrawing(config, halved(config, tensors) if halve else tensors, rows, strength, halved=halve)
    image = drawing.half_size() if full and sub.resolution >= 2 * SIDE else drawing.image()
    image = layers.mean_of_blocks(image, image.shape[-1] // side)

    error = layers.mean(layers.multiply(layers.square(layers.subtract(image, face)), weight))
    enl0, weighted = _distances(_features(image), theirs, weight)
    loss = layers.add(layers.multiply(error, pixels), layers.multiply(weighted, perceptual))
    off = layers.mean(layers.square(layers.subtract(layers.clip(image, -1.0, 1.0), face)))
    # The last row first: OpenVINO orders its work by what it is for, and would keep all features until the first row's.
    backwards = layers.concatenate(graph.gradients(loss, rows)[::-1], 0)
    order = np.arange(len(rows))[::-1].astype(np.int64)
    gradient = layers.reshape(graph.node("Gather", [backwards, order], backwards.shape, axis=0), latent.shape)
    return graph.file({"loss": loss, "error": off, "enl0": enl0, "gradient": gradient}, {})


def features_graph(side: int) -> bytes:
    """Of faces of `side` pixels, as `LossGraphs` runs it.

    Raises AnycostError when a model file is missing or damaged."""
    graph = Graph()
    found = _features(graph.input("face", 1, 3, side, side))
    return graph.file({f"features_{stride}": each for stride, each in zip(STRIDES, found, strict=True)}, {})


def _features(image: Value) -> list[Value]:
    """As `PerceptualDistance.features`."""
    found = efficientnet_graph.features(image, imagenet_weights(max(STRIDES)), max(STRIDES))
    return [layers.unit_channels(each) for _, each in found]


def _distances(mine: Sequence[Value], theirs: Sequence[Value], weight: Value) -> tuple[Value, Value]:
    """ENL0 of the whole image, and as the weight counts it: [1] each."""
    plain, weighted = [], []
    for x, y in zip(mine, theirs, strict=True):
        error = layers.total(layers.square(layers.subtract(x, y)), (1,))
        counted = layers.mean_of_blocks(weight, weight.shape[-1] // x.shape[-1])
        plain.append(layers.mean(error))
        weighted.append(layers.mean(layers.multiply(error, counted)))
    return _mean_of(plain), _mean_of(weighted)


def _mean_of(values: Sequence[Value]) -> Value:
    return layers.multiply(functools.reduce(layers.add, values), 1 / len(values))
