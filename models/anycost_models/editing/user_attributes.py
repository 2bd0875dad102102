"""Attributes that a user has made or been given: small safetensors files in a folder, checked and never unpickled."""

import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import data_dir
from anycost_models.core.private_folders import FILE, private_folder
from anycost_models.editing.directions import Direction, Directions

log = logging.getLogger(__name__)

GROUP = "Own"  # under which editors show them
MAX_BYTES = 1 << 20
_FAMILY = "own-attribute"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_LENGTH = 1000.0  # of a vector: no generator's latents lie so far apart
_MAX_ATTRIBUTES = 200


@dataclass(frozen=True)
class UserAttribute:
    """An attribute, the generator that it is for, and how well it was learned."""

    direction: Direction
    model: str  # sha256 of the generator's file
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LatentSpace:
    """The latents that attributes must fit."""

    model: str  # sha256 of the generator's file
    styles: int
    style_dim: int


def folder() -> Path:
    """The user's own."""
    return data_dir() / "attributes"


def folder_mtime() -> int:
    """A number that changes when files are added, removed or replaced."""
    try:
        return folder().stat().st_mtime_ns
    except OSError:
        return 0


def path_of(name: str) -> Path:
    """Raises AnycostError for what is no name."""
    return folder() / f"{checked_name(name)}.safetensors"


def checked_name(name: str) -> str:
    """Raises AnycostError for what is no name."""
    if not _NAME.fullmatch(name):
        raise AnycostError(
            f"'{name[:50]}' is no name for an attribute", "use 1 to 40 small letters, digits and _, a letter first"
        )
    return name


def write(made: UserAttribute, path: Path, mode: int | None = None) -> None:
    """mode: permissions of a new file. Raises AnycostError when it cannot be written."""
    direction = made.direction
    metadata = {
        "family": _FAMILY,
        "version": "1",
        "name": checked_name(direction.name),
        "about": direction.about,
        "region": direction.region,
        "layers": json.dumps(direction.layers),
        "model": made.model,
        "report": json.dumps(dict(made.report)),
    }
    write_aside(path, save({"vector": direction.vector.astype(np.float16)}, metadata), mode)


def read(path: Path, place: LatentSpace) -> UserAttribute:
    """Raises AnycostError when it is missing, damaged, too large, or made for another model."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise AnycostError(f"{path} has {size} bytes, an attribute has at most {MAX_BYTES}", "choose another file")
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if metadata.get("family") != _FAMILY or metadata.get("version") != "1":
                raise ValueError("it holds something else")
            if metadata["model"] != place.model:
                raise AnycostError(f"{path} was made for another model", "learn it again with this one")
            made = UserAttribute(_direction(metadata, file, place), place.model, _report(metadata))
    except FileNotFoundError:
        raise AnycostError(f"there is no attribute file {path}", "check its name") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise AnycostError(f"{path} is no attribute file ({reason})", "export or learn it again") from error
    return made


def _direction(metadata: Mapping[str, str], file: Any, place: LatentSpace) -> Direction:
    first, last = json.loads(metadata["layers"])
    if not (type(first) is type(last) is int and 0 <= first < last <= place.styles):
        raise ValueError("its rows are not this model's")
    stored = file.get_slice("vector")
    shape = tuple(stored.get_shape())
    if shape not in ((place.style_dim,), (last - first, place.style_dim)) or stored.get_dtype() != "F16":
        raise ValueError("its vector has another shape than this model's")
    vector = file.get_tensor("vector").astype(np.float32)
    if not np.isfinite(vector).all() or not 0 < float(np.linalg.norm(vector)) < _MAX_LENGTH:
        raise ValueError("its vector is not one of numbers in range")
    name, region = checked_name(metadata["name"]), metadata["region"]
    about = " ".join(metadata["about"].split())[:100]
    if region not in ("face", "head") or not about.isprintable():
        raise ValueError("its description is not readable")
    return Direction(name, GROUP, about, "face" if region == "face" else "head", (first, last), vector)


def _report(metadata: Mapping[str, str]) -> dict[str, Any]:
    report = json.loads(metadata.get("report", "{}"))
    return {
        str(key)[:40]: value
        for key, value in (report.items() if isinstance(report, dict) else ())
        if isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value))
    }


def all_attributes(place: LatentSpace, shipped: Directions) -> tuple[dict[str, UserAttribute], list[str]]:
    """The user's own, by name; and what is wrong with files that are not used, for people."""
    found, problems = {}, []
    try:
        paths = sorted(folder().glob("*.safetensors"))[:_MAX_ATTRIBUTES]
    except OSError:
        return {}, []
    for path in paths:
        try:
            made = read(path, place)
            if made.direction.name != path.stem:
                raise AnycostError(f"{path} holds the attribute '{made.direction.name}'", "import it under that name")
            check_free(made.direction.name, shipped)
            found[path.stem] = made
        except AnycostError as error:
            problems.append(str(error))
    return found, problems


def with_user_attributes(shipped: Directions, place: LatentSpace) -> Directions:
    """All attributes, the user's own last. Files that cannot be used are left out, and logged."""
    found, problems = all_attributes(place, shipped)
    for problem in problems:
        log.warning("%s", problem)
    return Directions(MappingProxyType({**shipped.by_name, **{name: made.direction for name, made in found.items()}}))


def check_free(name: str, shipped: Directions) -> None:
    """Raises AnycostError for the name of an attribute that comes with the program."""
    if checked_name(name) in shipped.by_name:
        raise AnycostError(f"'{name}' is an attribute that comes with the program", "choose another name")


def store(made: UserAttribute) -> Path:
    """Puts it among the user's own; one of that name is replaced. Raises AnycostError when it cannot be written."""
    path = path_of(made.direction.name)
    try:
        private_folder(path.parent)
    except OSError as error:
        raise AnycostError(f"cannot make the folder {path.parent} ({error.strerror})", "check its rights") from error
    write(made, path, FILE)
    return path


def remove(name: str) -> None:
    """Raises AnycostError when there is none."""
    path = path_of(name)
    try:
        path.unlink()
    except FileNotFoundError:
        raise AnycostError(f"there is no own attribute '{name}'", "see them with 'anycost attributes'") from None
    except OSError as error:
        raise AnycostError(f"cannot remove {path} ({error.strerror})", "check its rights") from error
