"""Reads the weights of `random-face`'s OpenVINO IR (xml + bin) into our generator; run once, the result is shipped.

`random-face` holds a MobileStyleGAN (2021, arXiv:2104.04767).

The IR is read as data: only its named layers, constants and edges. Scales are folded into the affines, and channels
that feed an inverse Haar transform are stored band by band (c·4 + {LL, LH, HL, HH}) instead of all LL first.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.mobile import MobileGenerator, StyledConv
from anycost_models.generators.mobile_config import FULL, MobileConfig


class Graph:
    """Layers of an OpenVINO IR in file order, and the float constants among them."""

    def __init__(self, xml: Path) -> None:
        try:
            root = ET.parse(xml).getroot()
            self.blob = xml.with_suffix(".bin").read_bytes()
        except (OSError, ET.ParseError) as error:
            raise AnycostError(
                f"{xml} cannot be read as an OpenVINO IR ({error})", "fetch the package again"
            ) from error
        self.layers = {layer.attrib["id"]: layer for layer in root.iterfind("layers/layer")}
        self.inputs: dict[str, dict[int, str]] = {}
        self.users: dict[str, list[str]] = {}
        for edge in root.iterfind("edges/edge"):
            source, target = edge.attrib["from-layer"], edge.attrib["to-layer"]
            self.inputs.setdefault(target, {})[int(edge.attrib["to-port"])] = source
            self.users.setdefault(source, []).append(target)

    def kind(self, layer: str) -> str:
        return self.layers[layer].attrib["type"]

    def of_kind(self, *kinds: str) -> Iterator[str]:
        return (layer for layer in self.layers if self.kind(layer) in kinds)

    def input(self, layer: str, port: int) -> str:
        return self.inputs[layer][sorted(self.inputs[layer])[port]]

    def constant(self, layer: str) -> Tensor:
        """A float32 constant, in its own shape. Raises AnycostError for another layer."""
        data = self.layers[layer].find("data")
        if data is None or self.kind(layer) != "Const" or data.attrib["element_type"] != "f32":
            raise AnycostError(
                f"layer {layer} of the IR is not the float constant that was expected",
                "install the release of random-face that is pinned",
            )
        shape = [int(n) for n in data.attrib["shape"].split(",") if n.strip()]
        count, offset = int(data.attrib["size"]) // 4, int(data.attrib["offset"])
        return torch.from_numpy(np.frombuffer(self.blob, np.float32, count, offset).reshape(shape).copy())

    def named(self, name: str) -> Tensor:
        """The constant of that name, float32. Raises AnycostError when there is none."""
        for layer in self.of_kind("Const"):
            if self.layers[layer].attrib["name"] == name:
                return self.constant(layer)
        raise AnycostError(f"the IR has no constant {name}", "install the release of random-face that is pinned")

    def added(self, layer: str) -> tuple[Tensor, str]:
        """The constant added to a layer's output, and the layer that adds it."""
        (user,) = self.users[layer]
        return self.constant(self.input(user, 1)), user

    def style_scale(self, modulated: str) -> float:
        """The constant factor on the style in `style · factor · x`, where that product enters layer `modulated`."""
        product = self.input(modulated, 0)
        return float(self.constant(self.input(self.input(product, 0), 1)).item())


def by_band(x: Tensor) -> Tensor:
    """Channels [LL of all, then LH, HL, HH of each] (dimension 0) → the four bands of each side by side."""
    quarter = len(x) // 4
    ll, rest = x[:quarter, None], x[quarter:].unflatten(0, (quarter, 3))
    return torch.cat((ll, rest), dim=1).flatten(0, 1)


def set_bias(conv: torch.nn.Conv2d, bias: Tensor) -> None:
    """Copies `bias` [outputs] into the convolution. Raises ValueError when it has none."""
    if conv.bias is None:
        raise ValueError("this convolution has no bias")
    conv.bias.copy_(bias)


def import_random_face(folder: Path, config: MobileConfig = FULL) -> MobileGenerator:
    """folder: holds {Mapping,Synthesis}Network.{xml,bin}. Returns the full generator, its lower exits not yet fitted.

    Raises AnycostError when the files are not the expected graph."""
    model = MobileGenerator(config).requires_grad_(False)
    mapping, synthesis = Graph(folder / "MappingNetwork.xml"), Graph(folder / "SynthesisNetwork.xml")
    products = list(mapping.of_kind("MatMul"))
    for layer, product in zip(model.mapping.layers, products, strict=True):
        layer.weight.copy_(mapping.constant(mapping.input(product, 1)))
        (add,) = (user for user in mapping.users[product] if mapping.kind(user) == "Add")
        layer.bias.copy_(mapping.constant(mapping.input(mapping.input(add, 1), 0)))

    convs = iter(synthesis.of_kind("Convolution", "GroupConvolution"))  # in forward order

    def affine(target: torch.nn.Linear, name: str, scale: float = 1.0) -> None:
        target.weight.copy_(synthesis.named(f"{name}.modulation.weight") * scale)
        target.bias.copy_(synthesis.named(f"{name}.modulation.bias")[0] * scale)

    def styled(target: StyledConv, name: str, *, feeds_haar: bool) -> None:
        conv = next(convs)
        affine(target.affine, f"{name}.conv", synthesis.style_scale(conv))
        if target.depthwise is not None:
            target.depthwise.weight.copy_(synthesis.constant(synthesis.input(conv, 1)).flatten(1, 2))
            conv = next(convs)
        order = by_band if feeds_haar else torch.Tensor.contiguous
        target.conv.weight.copy_(order(synthesis.constant(synthesis.input(conv, 1))))
        noise, add = synthesis.added(conv)
        target.noise.copy_(noise)
        bias, _ = synthesis.added(add)
        set_bias(target.conv, order(bias.flatten()))

    model.constant.copy_(synthesis.named("m.input.input"))
    styled(model.root, "m.conv1", feeds_haar=True)
    for i, block in enumerate(model.blocks):
        name = f"m.layers.{i}"
        affine(block.up, f"{name}.up")
        block.up.weight.copy_(by_band(block.up.weight))
        block.up.bias.copy_(by_band(block.up.bias))
        styled(block.conv1, f"{name}.conv1", feeds_haar=False)
        styled(block.conv2, f"{name}.conv2", feeds_haar=i + 1 < len(model.blocks))
    head, conv = model.heads[str(config.resolution)], next(convs)
    affine(head.affine, f"{name}.to_img.conv", synthesis.style_scale(conv))
    head.conv.weight.copy_(by_band(synthesis.constant(synthesis.input(conv, 1))))
    bias, _ = synthesis.added(conv)
    set_bias(head.conv, by_band(bias.flatten()))

    z = torch.randn(65_536, config.style_dim, generator=torch.Generator().manual_seed(0))
    model.mean_style.copy_(torch.cat([model.mapping(part) for part in z.split(4096)]).mean(0))
    return model
