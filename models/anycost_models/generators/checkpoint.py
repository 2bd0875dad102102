"""Writes and reads generators as safetensors files whose metadata says what they are."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from anycost_models.core.atomic_files import ensure_writable, replacing
from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import MobileConfig
from anycost_models.generators.network_file import OTHER_VERSION, read_network
from anycost_models.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from anycost_models.weights import EMBEDDED_GENERATOR


@dataclass(frozen=True)
class Family:
    config: type[Any]  # a dataclass of numbers and tuples of numbers
    network: Callable[[Any], nn.Module]  # of a config
    stored: torch.dtype  # of its tensors on disk


FAMILIES = {
    "mobile": Family(MobileConfig, MobileGenerator, torch.float16),
    "stylegan2": Family(StyleGAN2Config, StyleGAN2Generator, torch.float32),  # fp16 moves its images by more than 1e-4
}


def save_generator(model: ElasticGenerator, path: Path) -> None:
    """Raises AnycostError when it cannot be written; a file that was there is untouched then."""
    (name,) = (name for name, family in FAMILIES.items() if family.network is type(model))
    tensors = {key: tensor.detach().to(FAMILIES[name].stored) for key, tensor in model.state_dict().items()}
    save_tensors(tensors, name, dataclasses.asdict(model.config), path)  # type: ignore[call-overload]


def save_tensors(tensors: Mapping[str, Tensor], family: str, config: Mapping[str, Any], path: Path) -> None:
    """Writes named tensors of any shape, as `save_generator` does. config: what JSON can hold.

    Raises AnycostError when it cannot be written."""
    target = ensure_writable(path)
    plain = {name: tensor.contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(target) as aside:
            save_file(plain, aside, {"family": family, "config": json.dumps(config)})
    except (OSError, SafetensorError) as error:
        raise AnycostError(f"cannot write {path}: {error}", "free some space or name another place") from error


def load_generator(path: Path = EMBEDDED_GENERATOR) -> ElasticGenerator:
    """The generator in `path`, float32, for inference. AnycostError when it is missing, damaged or foreign."""
    return cast(ElasticGenerator, load_network(path, FAMILIES, "generator"))


def load_network(path: Path, families: Mapping[str, Family], kind: str) -> nn.Module:
    """The network of one of the families in `path`, float32, for inference; kind: what people call it.

    Raises AnycostError when it is missing, damaged or foreign."""
    file = read_network(path, {name: family.config for name, family in families.items()}, kind)
    tensors = {name: torch.from_numpy(array) for name, array in file.tensors.items()}
    try:
        with torch.device("meta"):
            network = families[file.family].network(file.config)
    except (ValueError, TypeError, RuntimeError) as error:
        raise AnycostError(f"the {kind} {path} is damaged ({error})", "install the package again") from error
    try:
        problems = network.load_state_dict(tensors, strict=False, assign=True)
    except RuntimeError as error:  # a tensor of another shape
        raise AnycostError(f"{path} does not fit ({str(error).splitlines()[-1].strip()})", OTHER_VERSION) from error
    if problems.missing_keys or problems.unexpected_keys:
        keys = f"missing {problems.missing_keys[:3]}, unknown {problems.unexpected_keys[:3]}"
        raise AnycostError(f"{path} does not fit ({keys})", OTHER_VERSION)
    network = network.eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half as quick again on CPUs
