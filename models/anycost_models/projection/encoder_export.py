"""An encoder as ONNX: what `encoder.py` says in torch, written from its file without."""

from collections.abc import Mapping
from pathlib import Path

from anycost_models.export import efficientnet_graph, layers
from anycost_models.export.graph import Graph, Value
from anycost_models.generators.mobile_sub_tensors import Tensors, within
from anycost_models.generators.network_file import fitting_file, read_network
from anycost_models.projection.encoder_config import FAMILY, POOLED, STRIDES, EncoderConfig


@fitting_file
def encoder_graph(path: Path, number: int, metadata: Mapping[str, str]) -> bytes:
    """One pass, 0 or 1: `face` [1, 3, R, R], −1…1, and for the second one what was `drawn` of the first one's `latent`
    W+ [1, styles, D] → `encoded`, the same shape.

    Raises AnycostError when the file is missing, damaged or not an encoder's."""
    file = read_network(path, {FAMILY: EncoderConfig}, "network")
    config, tensors, graph = file.config, file.tensors, Graph()
    shape = 1, config.styles, config.style_dim
    face = graph.input("face", 1, 3, config.resolution, config.resolution)
    if number:
        seen = layers.concatenate([face, graph.input("drawn", *face.shape)], 1)
        start = graph.input("latent", *shape)
    else:
        start = graph.constant(tensors["mean_style"][None, None].repeat(config.styles, 1))
        zeros = tensors["trunk.stem.weight"].shape[1] - 3  # of what the second pass sees besides
        seen = face
        tensors["trunk.stem.weight"] = tensors["trunk.stem.weight"][:, : 3 if zeros else None]
    features = dict(efficientnet_graph.features(seen, within(tensors, "trunk")))
    offsets = _offsets(features, tensors, config)
    if not number:  # a second pass corrects; what can be read off the face alone is in the first's answer already
        read = layers.linear(_pooled(features, config), tensors["linear.weight"], tensors["linear.bias"])
        offsets = layers.add(offsets, layers.reshape(read, (1, 1, config.style_dim)))
    encoded = layers.add(layers.multiply(offsets, tensors["style_deviation"]), start)
    return graph.file({"encoded": encoded}, metadata)


def _offsets(features: Mapping[int, Value], tensors: Tensors, config: EncoderConfig) -> Value:
    """Of the groups: [1, styles, D], in standard deviations of w."""
    found, hidden = [], None
    for i, stride in enumerate(STRIDES):
        own = within(tensors, f"groups.{i}")
        x = layers.gelu(layers.conv(features[stride], own["reduce.weight"], own["reduce.bias"]))
        x = layers.gelu(layers.add(layers.depthwise(x, own["local.weight"], own["local.bias"]), x))
        x = _flat(layers.mean_of_blocks(x, x.shape[-1] // config.grid))
        x = layers.linear(x, own["read.weight"], own["read.bias"])
        if hidden is not None:
            x = layers.add(x, layers.linear(hidden, own["hear.weight"]))
        hidden = layers.gelu(layers.layer_norm(x, own["norm.weight"], own["norm.bias"]))
        rows = layers.linear(hidden, own["offsets.weight"], own["offsets.bias"])
        found.append(layers.reshape(rows, (1, config.rows[i], config.style_dim)))
    return layers.concatenate(found, 1)


def _pooled(features: Mapping[int, Value], config: EncoderConfig) -> Value:
    places = min(POOLED, config.resolution // max(STRIDES))
    parts = (features[stride] for stride in STRIDES)
    return layers.concatenate([_flat(layers.mean_of_blocks(part, part.shape[-1] // places)) for part in parts], 1)


def _flat(x: Value) -> Value:
    return layers.reshape(x, (1, x.shape[1] * x.shape[2] * x.shape[3]))
