"""Reads the small JSON tables that are shipped beside the embedded model."""

from pathlib import Path
from typing import TypeVar

import msgspec

from anycost_models.core.errors import AnycostError

MAX_BYTES = 1 << 20  # bytes of a file

Table = TypeVar("Table")


def read_table(path: Path, kind: type[Table], name: str, remedy: str = "install the package again") -> Table:
    """name: such as "table of faces". Raises AnycostError when the file is missing, too large or anything else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise AnycostError(f"the {name} {path} cannot be read ({error.strerror})", remedy) from error
    except ValueError as error:  # msgspec's are
        raise AnycostError(f"{path} holds no {name} ({error})", remedy) from error
