"""EfficientNet-Lite0's layers in a graph: what `metrics/efficientnet_lite.py` says in torch."""

from collections.abc import Iterator, Mapping

import numpy as np

from anycost_models.export import layers
from anycost_models.export.graph import Value
from anycost_models.metrics.imagenet_weights import BLOCKS, LAST_BLOCKS


def features(x: Value, tensors: Mapping[str, np.ndarray], deepest: int = 32) -> Iterator[tuple[int, Value]]:
    """x: [1, C, H, W], −1…1, sides multiples of `deepest` → each stride up to `deepest` and its features
    [1, CHANNELS[stride], H / stride, W / stride]. Raises KeyError or ValueError for tensors of another network."""
    strides = {block: stride for stride, block in LAST_BLOCKS.items()}
    x = layers.relu6(_convolution(x, tensors, "stem", stride=2))
    for i, (_, _, stride, _) in enumerate(BLOCKS[: LAST_BLOCKS[deepest] + 1]):
        y = x
        if f"blocks.{i}.expand.weight" in tensors:
            y = layers.relu6(_convolution(y, tensors, f"blocks.{i}.expand"))
        y = layers.relu6(_convolution(y, tensors, f"blocks.{i}.depthwise", stride=stride, groups=y.shape[1]))
        y = _convolution(y, tensors, f"blocks.{i}.project")
        x = layers.add(y, x) if y.shape == x.shape else y
        if i in strides:
            yield strides[i], x


def _convolution(x: Value, tensors: Mapping[str, np.ndarray], name: str, *, stride: int = 1, groups: int = 1) -> Value:
    """Padded as TensorFlow's SAME does for even sizes: at stride 2 one row and column less before than after."""
    weight = tensors[f"{name}.weight"]
    half = weight.shape[2] // 2
    pads = (half - 1, half) if stride == 2 else (half, half)
    return layers.conv(x, weight, tensors[f"{name}.bias"], stride=stride, pads=pads, groups=groups)
