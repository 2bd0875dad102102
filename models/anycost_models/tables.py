"""Reads the small JSON tables that are shipped beside the embedded model."""

from pathlib import Path
from typing import TypeVar

import msgspec

from anycost_models.errors import AnycostError

LARGEST = 1 << 20  # bytes of a file

Table = TypeVar("Table")


def read_table(path: Path, kind: type[Table], about: str) -> Table:
    """about: what it is a table of. Raises AnycostError when the file is missing, too large or anything else."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise AnycostError(f"the table {path} cannot be read ({error.strerror}): install the package again") from error
    except ValueError as error:  # msgspec's are
        raise AnycostError(f"{path} holds no table of {about} ({error}): install the package again") from error
