"""Reads the files of our networks, without torch: safetensors whose metadata says what they are."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open

from anycost_models.core.errors import AnycostError
from anycost_models.weights import intact

P = ParamSpec("P")
R = TypeVar("R")
OTHER_VERSION = "it comes from another version of this program; install the package again"


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """What a file holds."""

    family: str
    config: Any  # of the family's type
    tensors: dict[str, np.ndarray]  # float32, by name


def read_network(path: Path, configs: Mapping[str, type[Any]], kind: str) -> NetworkFile:
    """The network of one of the families in `path`; configs: the type of each family's config, a dataclass of numbers
    and tuples; kind: what people call it.

    Raises AnycostError when it is missing, damaged or foreign."""
    if not path.is_file():
        raise AnycostError(f"the {kind} {path} is missing", "install the package again")
    try:
        with safe_open(intact(path), "np") as file:
            metadata = file.metadata() or {}
            family = metadata.get("family", "no known model")
            if family not in configs:
                raise AnycostError(f"{path} holds {family}, not a {' or '.join(configs)} {kind}", "choose another")
            config = _config(configs[family], json.loads(metadata["config"]))
            tensors = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise AnycostError(f"the {kind} {path} is damaged ({error})", "install the package again") from error
    return NetworkFile(family, config, tensors)


def fitting_file(write: Callable[Concatenate[Path, P], R]) -> Callable[Concatenate[Path, P], R]:
    """What makes something of the tensors of the file named first: raises AnycostError where one is missing, or of
    another shape."""

    @functools.wraps(write)
    def checked(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return write(path, *args, **kwargs)
        except (KeyError, ValueError, IndexError) as error:
            raise AnycostError(f"{path} does not fit ({error})", OTHER_VERSION) from error

    return checked


def _config(kind: type[Any], values: Any) -> Any:
    """Raises ValueError or TypeError when `values` are not exactly the config's fields."""
    wanted = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(values, dict) or set(values) != wanted:
        odd = sorted(wanted.symmetric_difference(values)) if isinstance(values, dict) else type(values).__name__
        raise ValueError(f"its config lacks or adds {odd}")
    try:
        return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})
    except AnycostError as error:
        raise ValueError(str(error)) from error
