"""The parsers as ONNX: what `network.py` and `drawn_parts.py` say in torch, written from their files without."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from anycost_models.export import efficientnet_graph, layers
from anycost_models.export.graph import Graph, Value
from anycost_models.export.mobile_graph import MobileDrawing, read_mobile, rows_of
from anycost_models.generators.mobile_sub_tensors import Tensors, within
from anycost_models.generators.network_file import fitting_file, read_network
from anycost_models.parsing.drawn_parts_config import FAMILY as DRAWN_PARTS
from anycost_models.parsing.drawn_parts_config import HEIGHTS, NEVER, DrawnPartsConfig
from anycost_models.parsing.parser_config import FAMILY as PARSER
from anycost_models.parsing.parser_config import STRIDES, ParserConfig


@fitting_file
def parser_graph(path: Path, metadata: Mapping[str, str]) -> bytes:
    """Faces uint8-valued `face` [1, R, R, 3] as float32 0…255 → `parts` [1, P, R, R], adding up to 1 at each pixel.

    Raises AnycostError when the file is missing, damaged or not a parser's."""
    file = read_network(path, {PARSER: ParserConfig}, "network")
    side, tensors, graph = file.config.resolution, file.tensors, Graph()
    face = layers.transpose(graph.input("face", 1, side, side, 3), (0, 3, 1, 2))
    face = layers.subtract(layers.multiply(face, 1 / 127.5), 1.0)
    features = dict(efficientnet_graph.features(face, within(tensors, "trunk")))
    x: Value | None = None
    for i, stride in enumerate(STRIDES):
        x = _up(features[stride], x, within(tensors, f"up.{i}"))
    assert x is not None
    logits = layers.conv(x, tensors["parts.weight"], tensors["parts.bias"])
    return graph.file({"parts": layers.softmax(layers.enlarged(logits, 2), 1)}, metadata)


def _up(features: Value, coarser: Value | None, own: Tensors) -> Value:
    """One block on the way up: the trunk's features of this stride and what the coarser block found."""
    x = layers.conv(features, own["lateral.weight"], own["lateral.bias"])
    if coarser is not None:
        x = layers.add(x, layers.enlarged(layers.conv(coarser, own["coarser.weight"]), 2))
    x = layers.relu(x)
    for name in ("first", "second"):
        y = layers.depthwise(x, own[f"{name}.0.weight"], own[f"{name}.0.bias"])
        x = layers.relu(layers.add(layers.conv(y, own[f"{name}.1.weight"], own[f"{name}.1.bias"]), x))
    return x


@fitting_file
def drawn_parts_graph(generator: Path, path: Path, metadata: Mapping[str, str]) -> bytes:
    """`latent` W+ [1, styles, D] → `parts` [1, P, 128, 128] of what the full generator draws: its layers up to there,
    and no picture.

    Raises AnycostError when a file is missing or damaged, or the generator is not of the embedded one's family."""
    config, tensors = read_mobile(generator)
    file = read_network(path, {DRAWN_PARTS: DrawnPartsConfig}, "classifier")
    coarse_side, fine_side = file.config.sides
    graph = Graph()
    rows = rows_of(graph.input("latent", 1, config.styles, config.style_dim))
    found: dict[int, Value] = {}
    for level in MobileDrawing(config, tensors, rows, None).features():
        found[level.shape[-1]] = level
        if level.shape[-1] >= fine_side:
            break
    coarse, fine = (
        layers.conv(found[side], file.tensors[f"{name}.weight"], file.tensors[f"{name}.bias"])
        for name, side in (("coarse", coarse_side), ("fine", fine_side))
    )
    logits = layers.add(layers.enlarged(coarse, fine_side // coarse_side), fine)
    logits = layers.subtract(logits, NEVER * _impossible(file.config))
    return graph.file({"parts": layers.softmax(logits, 1)}, metadata)


def _impossible(config: DrawnPartsConfig) -> np.ndarray:
    """Float32 [1, P, 128, 1]: 1 where a part cannot be."""
    height = (np.arange(config.sides[1], dtype=np.float32) + 0.5) / config.sides[1]
    rows = [np.zeros_like(height) for _ in config.parts]
    for part, (top, bottom) in HEIGHTS.items():
        rows[config.parts.index(part)] = ((height < top) | (height > bottom)).astype(np.float32)
    return np.stack(rows)[None, :, :, None]
