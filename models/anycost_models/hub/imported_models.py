"""The models that were imported onto this machine: their names, where they lie, and what they are."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from anycost_models.core.atomic_files import ensure_writable
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import data_dir
from anycost_models.core.private_folders import private_folder
from anycost_models.weights import EMBEDDED_GENERATOR

EMBEDDED = "embedded"  # the name of the generator that is shipped with this package
GENERATORS = ("mobile", "stylegan2")  # families that draw
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True)
class ImportedModel:
    name: str
    path: Path
    family: str  # one of GENERATORS, "stylegan2-encoder", "stylegan2-boundaries", or "damaged"
    about: str  # one line for people
    size: int  # bytes

    @property
    def draws(self) -> bool:
        return self.family in GENERATORS


def store_dir() -> Path:
    return data_dir() / "imported"


def imported_models() -> list[ImportedModel]:
    """Sorted by name. Reads only what the files say about themselves."""
    return [_described(path) for path in sorted(store_dir().glob("*.safetensors")) if not path.name.startswith(".")]


def model_path(name: str | None = None) -> Path:
    """The file of the generator called `name` (None: the embedded one). Raises AnycostError if there is none."""
    if name is None or name == EMBEDDED:
        return EMBEDDED_GENERATOR
    model = _find(name)
    if not model.draws:
        what = (
            "is damaged: remove it and import it again"
            if model.family == "damaged"
            else f"is no generator ({model.about})"
        )
        raise AnycostError(f"the model '{name}' {what}", _known())
    return model.path


def boundaries_path(name: str) -> Path:
    """The imported attribute boundaries of the imported generator `name`: those called `name`-boundaries, else the only
    ones there are. Raises AnycostError when that leaves none."""
    found = [model for model in imported_models() if model.family == "stylegan2-boundaries"]
    named = [model for model in found if model.name == f"{name}-boundaries"]
    if named or len(found) == 1:
        return (named or found)[0].path
    raise AnycostError(
        f"the model '{name}' knows no attributes",
        f"import its boundaries with 'anycost models import FILE --name {name}-boundaries'",
    )


def free_path(name: str) -> Path:
    """Where a new model of that name goes. Raises AnycostError when the name is not one, or taken."""
    if not _NAME.fullmatch(name):
        raise AnycostError(
            f"'{name}' cannot name a model", "use up to 63 of a-z 0-9 . _ -, beginning with a letter or digit"
        )
    path = store_dir() / f"{name}.safetensors"
    if name == EMBEDDED or path.exists():
        raise AnycostError(
            f"there is a model '{name}' already", f"choose another with --name, or 'anycost models remove {name}' first"
        )
    try:
        private_folder(path.parent)
    except OSError as error:
        raise AnycostError(f"cannot create {path.parent} ({error.strerror})", "set ANYCOST_HOME elsewhere") from error
    ensure_writable(path)
    return path


def name_for(file: Path) -> str:
    """A model name made of a file's name."""
    return re.sub(r"[^a-z0-9._-]+", "-", file.stem.lower()).strip("-._")[:63]


def remove_model(name: str) -> Path:
    """The file that was removed. Raises AnycostError when there is no such model, or it cannot be removed."""
    if name == EMBEDDED:
        raise AnycostError("the embedded model is part of the program", "name an imported one")
    path = _find(name).path
    try:
        path.unlink()
    except OSError as error:
        raise AnycostError(f"cannot remove {path}: {error.strerror}", "change the permissions of its folder") from error
    return path


def _find(name: str) -> ImportedModel:
    for model in imported_models():
        if model.name == name:
            return model
    raise AnycostError(f"there is no model '{name}'", _known())


def _known() -> str:
    names = [EMBEDDED, *(model.name for model in imported_models() if model.draws)]
    return f"choose {' or '.join(names)}, or import one ('anycost models import FILE')"


def _described(path: Path) -> ImportedModel:
    size = 0
    try:
        size = path.stat().st_size
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            family, config, count = metadata["family"], json.loads(metadata["config"]), len(file.keys())
        if family in GENERATORS:
            about = f"generator, {max(config['exits'])} px, {len(config['channels'])} styles of {config['style_dim']}"
        elif family == "stylegan2-encoder":
            about = f"encoder to {config['styles']} styles of {config['style_dim']}"
        else:
            about = f"{count} boundaries in styles of {config['style_dim']}"
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        family, about = "damaged", "remove it and import it again"
    return ImportedModel(path.stem, path, family, about, size)
