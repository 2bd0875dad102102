"""Which tensors a mobile sub-generator has, made of the full generator's and of the nested ones: one rule for torch's
tensors and for numpy's arrays. `mobile_nested_weights.py` says what the nested ones are.

A dictionary of tensors is by their names in the generator's file; `Any` is a tensor or an array."""

from collections.abc import Mapping
from typing import Any

from anycost_models.generators.mobile_config import MobileConfig, level
from anycost_models.generators.sub_generator import RATIOS

NESTED = "nested"
Tensors = Mapping[str, Any]


def sub_tensors(tensors: Tensors, of: MobileConfig, config: MobileConfig) -> dict[str, Any]:
    """The tensors of the plain network `config`, a sub-generator of `of`, whose tensors are given: the full
    generator's own, or the nested ones at `config`'s widths. Raises KeyError when one is missing."""
    own = {name: value for name, value in tensors.items() if not name.startswith(f"{NESTED}.")}
    if of.elastic_from is None or config.channels == of.channels:
        return own
    return _narrowed(own, within(tensors, NESTED), of, config)


def _narrowed(full: Tensors, nested: Tensors, of: MobileConfig, config: MobileConfig) -> dict[str, Any]:
    first, widths = first_narrowed_block(of), config.channels
    ratios = [RATIOS.index(width / of.channels[layer]) for layer, width in enumerate(widths)]
    wide = tuple(f"blocks.{i}." for i in range(first))
    found = {
        name: value
        for name, value in full.items()
        if not name.startswith(("blocks.", "heads.")) or name.startswith(wide)
    }
    for i in range(first, len(widths) // 2 - 1):
        name, at = f"blocks.{i}", 2 + 2 * i
        own, block = within(full, name), within(nested, f"blocks.{i - first}")
        up = _modulation(within(block, "up"), within(own, "up"), widths[at - 1], ratios[at - 1])
        found |= prefixed(f"{name}.up", up)
        for key, inputs, layer in (("conv1", widths[at - 1] // 4, at), ("conv2", widths[at], at + 1)):
            both = ratios[layer - 1], ratios[layer]
            conv = _convolution(within(block, key), within(own, key), inputs, widths[layer], both)
            found |= prefixed(f"{name}.{key}", conv)
    last = colour_code(within(full, f"heads.{of.resolution}.affine"), full["mean_style"])
    for r in config.exits:
        layer = 2 * level(r) + 1
        affine = within(full, f"heads.{r}.affine" if r == of.resolution else f"blocks.{level(r)}.up")
        head = _head(within(nested, f"heads.{r}"), affine, last, widths[layer], ratios[layer], full["constant"])
        found |= prefixed(f"heads.{r}", head)
    return found


def first_narrowed_block(config: MobileConfig) -> int:
    """Of an elastic generator."""
    return (config.elastic_from or 2) // 2 - 1


def _modulation(own: Tensors, affine: Tensors, inputs: int, ratio: int) -> dict[str, Any]:
    """The narrowed affine of `affine` (its weight [I, D] and bias [I])."""
    gain, shift = own["gain"][ratio, :inputs], own["shift"][ratio, :inputs]
    return {
        "weight": affine["weight"][:inputs] * gain[:, None],
        "bias": affine["bias"][:inputs] * gain + shift,
    }


def _convolution(own: Tensors, full: Tensors, inputs: int, outputs: int, ratios: tuple[int, int]) -> dict[str, Any]:
    """full: the full generator's tensors of this layer; ratios: of the inputs and of the outputs."""
    gain, like = own["gain"][ratios[1], :outputs, None], full["conv.weight"]
    return {
        **prefixed("affine", _modulation(within(own, "modulation"), within(full, "affine"), inputs, ratios[0])),
        "depthwise.weight": _as(like, own["depthwise"][:inputs]),
        "conv.weight": _as(like, (own["pointwise"][:outputs, :inputs] * gain)[:, :, None, None]),
        "conv.bias": _as(like, own["bias"][ratios[1], :outputs]),
        "noise": full["noise"],
    }


def _head(own: Tensors, affine: Tensors, last: Tensors, inputs: int, ratio: int, like: Any) -> dict[str, Any]:
    """last: `colour_code`'s"""
    tint, shade = own["tint"][:inputs], own["shade"][ratio]
    return {
        **prefixed("affine", _modulation(within(own, "modulation"), affine, inputs, ratio)),
        "conv.weight": _as(like, own["weight"][ratio, :, :inputs, None, None]),
        "conv.bias": _as(like, own["bias"][ratio]),
        **{f"tint.{key}": tint @ value for key, value in last.items()},
        **{f"shade.{key}": shade @ value for key, value in last.items()},
    }


def colour_code(affine: Tensors, mean_style: Any) -> dict[str, Any]:
    """The linear map, weight [C, D] and bias [C], of a latent's last row to the style of the full generator's last
    head, less that of the mean style."""
    return {"weight": affine["weight"], "bias": -affine["weight"] @ mean_style}


def _as(like: Any, value: Any) -> Any:
    """Of the same type of numbers: bfloat16 in a generator with fast features."""
    return value if value.dtype == like.dtype else value.to(like.dtype)


def within(tensors: Tensors, name: str) -> dict[str, Any]:
    """The tensors of sub-module `name`, by their names within it."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def prefixed(name: str, tensors: Tensors) -> dict[str, Any]:
    """The same tensors, by their names outside sub-module `name`."""
    return {f"{name}.{key}": value for key, value in tensors.items()}
