"""The mobile family's networks as graphs: what `generators/mobile.py` says in torch, written from its file without."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anycost_models.export import layers
from anycost_models.export.graph import Graph, Value
from anycost_models.generators.elastic_config import widths_of
from anycost_models.generators.mobile_config import MobileConfig, level
from anycost_models.generators.mobile_sub_tensors import first_narrowed_block, sub_tensors, within
from anycost_models.generators.network_file import fitting_file, read_network
from anycost_models.generators.sub_generator import SubGenerator

FAMILY = "mobile"
Tensors = Mapping[str, np.ndarray]
# What a kernel of three pixels, averaged over both pixels of a pair, takes from the pairs around: [pair, pixel].
_ON_QUADS = np.array(((0.5, 0, 0), (0.5, 1, 0.5), (0, 0, 0.5)), np.float32)


class MobileDrawing:
    """A generator's layers in a graph, for one latent."""

    def __init__(
        self,
        config: MobileConfig,
        tensors: Tensors,
        rows: Sequence[Value],
        strength: Value | None,
        *,
        halved: bool = False,
        trunk: Value | None = None,
    ) -> None:
        """config, tensors: of a plain network; rows: of W+, [1, D] each; strength [1]: of the noise, None for 1;
        halved: the tensors are those of `halved`, whose last block does not enlarge; trunk: features of the first
        blocks, which are drawn already.

        The strength is an input because OpenVINO would otherwise add each map of noise to the biases beforehand, and
        keep constants as large as the features: 290 MB at 1024 px."""
        self.config, self.tensors, self.rows, self.strength = config, tensors, rows, strength
        self.blocks = len(config.channels) // 2 - 1
        self.trunk = trunk
        self.enlarging = self.blocks - 1 if halved else self.blocks  # so many of the blocks do

    def features(self) -> Iterator[Value]:
        """The features at 4, 8, 16 … px, or from the trunk's on, written one block at a time, only as far as they are
        asked for."""
        graph, rows = self.rows[0].graph, self.rows
        drawn, x = 0, self.trunk
        if x is None:
            x = self._styled(graph.constant(self.tensors["constant"]), rows[0], "root")
        else:
            drawn = level(2 * x.shape[-1])
        yield x
        for i in range(drawn, self.blocks):
            x = self._modulated(x, rows[1 + 2 * i], f"blocks.{i}.up")
            x = layers.inverse_haar(x) if i < self.enlarging else x
            x = self._styled(x, rows[1 + 2 * i], f"blocks.{i}.conv1")
            x = self._styled(x, rows[2 + 2 * i], f"blocks.{i}.conv2")
            yield x

    def image(self) -> Value:
        """[1, 3, R, R], about −1…1."""
        return layers.inverse_haar(self._bands())

    def half_size(self) -> Value:
        """The exact 2×2 mean of the image, [1, 3, R/2, R/2]: its LL bands alone; if halved, nearly its 4×4 mean."""
        return layers.multiply(self._bands(every=4), 0.5)

    def _bands(self, every: int = 1) -> Value:
        *_, x = self.features()
        head = within(self.tensors, f"heads.{self.config.resolution}")
        row, last = self.rows[self.config.layers_at(self.config.resolution) - 1], self.rows[-1]
        style = self._affine(row, within(head, "affine"))
        if self.config.tinted:
            style = layers.add(style, self._affine(last, within(head, "tint")))
        weight, bias = head["conv.weight"][::every], head["conv.bias"][::every]
        bands = layers.conv(layers.multiply(x, _each_pixel(style)), weight, bias)
        if self.config.tinted:
            shade = {name: value[::every] for name, value in within(head, "shade").items()}
            bands = layers.add(bands, _each_pixel(self._affine(last, shade)))
        return bands

    def _styled(self, x: Value, w: Value, name: str) -> Value:
        """One modulated convolution."""
        own = within(self.tensors, name)
        x = self._modulated(x, w, f"{name}.affine")
        if "depthwise.weight" in own:
            x = layers.depthwise(x, own["depthwise.weight"])
        weight = own["conv.weight"]
        x = layers.conv(x, weight, own["conv.bias"], pads=(weight.shape[2] // 2,) * 2)
        noise = own["noise"] if self.strength is None else layers.multiply(self.strength, own["noise"])
        return layers.leaky_relu(layers.add(x, noise))

    def _modulated(self, x: Value, w: Value, name: str) -> Value:
        return layers.multiply(x, _each_pixel(self._affine(w, within(self.tensors, name))))

    @staticmethod
    def _affine(w: Value, own: Tensors) -> Value:
        return layers.linear(w, own["weight"], own["bias"])


def _each_pixel(x: Value) -> Value:
    """[1, C] → [1, C, 1, 1]."""
    return layers.reshape(x, (*x.shape, 1, 1))


def halved(config: MobileConfig, tensors: Tensors) -> dict[str, Any]:
    """The tensors of a plain network whose last block is computed at half its side, on the means of its features: for
    a picture of a quarter of the image's side, 34 dB from its exact mean, in 60 % of the time with its gradient.

    The block begins with the LL bands, so that the one before has to make no others. Where features are the same in all
    four pixels of a quad, only its activations are not exact."""
    last = len(config.channels) // 2 - 2
    found = dict(tensors)
    for name in (f"blocks.{last - 1}.conv2.conv", f"blocks.{last}.up"):
        for part in ("weight", "bias"):
            found[f"{name}.{part}"] = tensors[f"{name}.{part}"][::4] * (0.5 if name.endswith(".up") else 1)
    for conv in ("conv1", "conv2"):
        depthwise, noise = (f"blocks.{last}.{conv}.{name}" for name in ("depthwise.weight", "noise"))
        found[depthwise] = np.einsum("ij,kl,cojl->coik", _ON_QUADS, _ON_QUADS, tensors[depthwise])
        side = tensors[noise].shape[-1] // 2
        found[noise] = tensors[noise].reshape(1, 1, side, 2, side, 2).mean((3, 5))
    return found


def rows_of(latent: Value) -> list[Value]:
    """Of W+ [1, styles, D]."""
    return [layers.row(latent, index) for index in range(latent.shape[1])]


def read_mobile(path: Path) -> tuple[MobileConfig, dict[str, Any]]:
    """Raises AnycostError when the file is missing, damaged or not a mobile generator's."""
    file = read_network(path, {FAMILY: MobileConfig}, "generator")
    return file.config, file.tensors


def read_sub_generator(path: Path, sub: SubGenerator) -> tuple[MobileConfig, dict[str, Any]]:
    """The plain network of a sub-generator. Raises AnycostError as `read_mobile`, and for one that there is not."""
    return _plain(*read_mobile(path), sub)


def _plain(config: MobileConfig, tensors: dict[str, Any], sub: SubGenerator) -> tuple[MobileConfig, dict[str, Any]]:
    """The plain network of a sub-generator of one with this config and these tensors."""
    own = config.sub_config(sub.resolution, widths_of(config, sub), (sub.resolution,))
    return own, sub_tensors(tensors, config, own)


def trunk_blocks(config: MobileConfig) -> int:
    """How many of an elastic generator's first blocks its sub-generators take from one network: to a quarter of the
    lowest exit (16 px), which hold most of the weights. With one more, handing on the features takes a tenth of what
    the smallest sub-generators take."""
    return min(first_narrowed_block(config), max(level(config.exits[0]) - 1, 0))


@fitting_file
def trunk_graph(path: Path, metadata: Mapping[str, str]) -> bytes:
    """What all sub-generators begin with, as ONNX: `latent` W+ [1, styles, D] and `noise_strength` [1] (1: as trained)
    → `features` [1, C, s, s], float32. Raises AnycostError as `read_mobile`."""
    config, tensors = read_mobile(path)
    graph = Graph()
    latent = graph.input("latent", 1, config.styles, config.style_dim)
    drawing = MobileDrawing(config, tensors, rows_of(latent), graph.input("noise_strength", 1))
    *_, features = itertools.islice(drawing.features(), trunk_blocks(config) + 1)
    return graph.file({"features": features}, metadata)


@fitting_file
def synthesis_graph(path: Path, sub: SubGenerator, metadata: Mapping[str, str]) -> bytes:
    """A sub-generator as ONNX, from the trunk on: `latent` and `noise_strength` as of `trunk_graph`, and its `features`
    → `picture` [1, R, R, 3], sRGB 0…1, float32.

    Raises AnycostError as `read_sub_generator`."""
    whole, all_tensors = read_mobile(path)
    config, tensors = _plain(whole, all_tensors, sub)
    graph, blocks = Graph(), trunk_blocks(whole)
    latent = graph.input("latent", 1, config.styles, config.style_dim)
    strength = graph.input("noise_strength", 1)
    side = 4 << blocks
    trunk = graph.input("features", 1, config.channels[2 * blocks + 1], side, side)
    image = MobileDrawing(config, tensors, rows_of(latent), strength, trunk=trunk).image()
    image = layers.clip(layers.add(layers.multiply(image, 0.5), 0.5), 0.0, 1.0)
    about = {"resolution": str(sub.resolution), "channels": json.dumps(sub.channels)}
    return graph.file({"picture": layers.transpose(image, (0, 2, 3, 1))}, {**metadata, **about})


@fitting_file
def mapping_graph(path: Path, metadata: Mapping[str, str]) -> bytes:
    """The mapping network as ONNX: `z` [1, D] and `truncation` ψ [1] → `w` [1, D]. Raises AnycostError as
    `read_mobile`."""
    config, tensors = read_mobile(path)
    graph = Graph()
    z, truncation = graph.input("z", 1, config.style_dim), graph.input("truncation", 1)
    power = layers.multiply(layers.total(layers.square(z), (1,)), 1 / config.style_dim)
    length = graph.node("Sqrt", [layers.add(power, 1e-8)], (1, 1))
    x = graph.node("Div", [z, length], z.shape)
    for number in range(config.mapping_layers):
        own = within(tensors, f"mapping.layers.{number}")
        x = layers.multiply(layers.leaky_relu(layers.linear(x, own["weight"], own["bias"])), 2**0.5)
    mean = tensors["mean_style"][None]
    return graph.file({"w": layers.add(layers.multiply(layers.subtract(x, mean), truncation), mean)}, metadata)
