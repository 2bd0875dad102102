"""The embedded model's files, each with the digest that `SHA256SUMS` says (`sha256sum *.json *.safetensors`)."""

import functools
from pathlib import Path

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import known_sha256_of

_FOLDER = Path(__file__).parent
EMBEDDED_GENERATOR = _FOLDER / "mobile.safetensors"
EMBEDDED_DIRECTIONS = _FOLDER / "directions.safetensors"
EMBEDDED_DISPLACEMENTS = _FOLDER / "displacements.safetensors"
EMBEDDED_ENCODER = _FOLDER / "encoder.safetensors"
EMBEDDED_CURVATURE = _FOLDER / "curvature.safetensors"
EMBEDDED_DRAWN_PARTS = _FOLDER / "drawn_parts.safetensors"
EMBEDDED_PARSER = _FOLDER / "parser.safetensors"


def intact(path: Path) -> Path:
    """`path`, to be read next. Of an embedded file the content is compared with its digest, once in a process: one
    wrong bit would change pictures without a word. Others pass.

    Raises AnycostError when it is damaged or cannot be read."""
    if path.parent != _FOLDER:
        return path
    try:
        if known_sha256_of(path) == _digests().get(path.name):
            return path
        raise AnycostError(f"the model file {path} is damaged", "install the package again")
    except OSError as error:
        raise AnycostError(
            f"the model file {path} cannot be read ({error.strerror})", "install the package again"
        ) from error


@functools.cache
def _digests() -> dict[str, str]:
    """File name → SHA-256."""
    lines = (_FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}
