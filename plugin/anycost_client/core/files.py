"""Files that are there whole or not at all."""

import contextlib
import os
import uuid
from pathlib import Path


def write_aside(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Written beside `path`, then given its name. mode: of a new file, from its first byte on. Raises OSError."""
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
