"""The backend's stderr as a log of limited size."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from anycost_client.core.files import private_folder
from anycost_client.core.paths import cache_dir
from anycost_client.core.redact import redact

MAX_BYTES = 1 << 19
_TAIL = 4096


def log_path() -> Path:
    return cache_dir() / "logs" / "backend.log"


def open_log(path: Path) -> BinaryIO:
    """Opens the log for appending. Raises OSError."""
    private_folder(path.parent)
    keep_short(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return open(descriptor, "ab")


def keep_short(path: Path) -> None:
    """Truncates a log that is too long, even while a process writes to it; keeps one older part."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > MAX_BYTES:
            older = path.with_suffix(".old.log")
            older.write_bytes(path.read_bytes()[-MAX_BYTES:])
            os.chmod(older, 0o600)
            os.truncate(path, 0)


def last_line(path: Path, start: int = 0) -> str:
    """The last line that says something, written after byte `start`; redacted, at most 300 characters."""
    return next((line[:300] for line in reversed(tail(path, start).splitlines()) if line.strip()), "").strip()


def tail(path: Path, start: int = 0) -> str:
    """The last lines for a report, redacted."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, start if start <= size else 0))
            return redact(file.read(_TAIL).decode(errors="replace"))
    except OSError:
        return ""
