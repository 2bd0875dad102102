"""Writes files whole or not at all; makes folders of this user alone."""

import contextlib
import os
import uuid
from pathlib import Path


def write_aside(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Writes a new file in the same folder, then renames it. mode: its permissions. Raises OSError."""
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


def private_folder(folder: Path) -> None:
    """Makes a folder of this user alone, if need be, and closes it to others. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
