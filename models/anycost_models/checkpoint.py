"""Writes and reads generators as fp16 safetensors whose metadata says what they are."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from anycost_models.errors import AnycostError
from anycost_models.mobile import MobileConfig, MobileGenerator
from anycost_models.weights import EMBEDDED_GENERATOR

OTHER_VERSION = "it comes from another version of this program; install the package again"


def save_generator(model: MobileGenerator, path: Path) -> None:
    """fp16, written aside and renamed: an interrupted run leaves the old file."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in model.state_dict().items()}
    metadata = {"family": "mobile", "config": json.dumps(asdict(model.config))}
    aside = path.with_suffix(".part")
    save_file(tensors, aside, metadata)
    os.replace(aside, path)


def load_generator(path: Path = EMBEDDED_GENERATOR) -> MobileGenerator:
    """The generator in `path`, float32, for inference. AnycostError when it is missing, damaged or foreign."""
    if not path.is_file():
        raise AnycostError(f"the model {path} is missing: install the package again")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("family") != "mobile":
                raise AnycostError(f"{path} holds {metadata.get('family', 'no known model')}, not a mobile generator")
            fields = json.loads(metadata["config"])
            config = MobileConfig(**fields | {"channels": tuple(fields["channels"]), "exits": tuple(fields["exits"])})
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise AnycostError(f"the model {path} is damaged ({error}): install the package again") from error
    with torch.device("meta"):
        model = MobileGenerator(config)
    try:
        problems = model.load_state_dict(tensors, strict=False, assign=True)
    except RuntimeError as error:  # a tensor of another shape
        raise AnycostError(f"{path} does not fit ({str(error).splitlines()[-1].strip()}): {OTHER_VERSION}") from error
    if problems.missing_keys or problems.unexpected_keys:
        keys = f"missing {problems.missing_keys[:3]}, unknown {problems.unexpected_keys[:3]}"
        raise AnycostError(f"{path} does not fit ({keys}): {OTHER_VERSION}")
    model = model.eval().requires_grad_(False)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half as quick again on CPUs
