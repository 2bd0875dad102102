"""Writes a file whole or not at all."""

import contextlib
import errno
import functools
import operator
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from anycost_models.core.errors import AnycostError

_PART = re.compile(r"\.[0-9a-f]{32}\.part")
_PART_AGE = 3600  # seconds


def ensure_writable(path: str | os.PathLike[str]) -> Path:
    """The file that writing to `path` will replace (symbolic links followed). Call it before long work.

    Raises AnycostError when the folder is missing or not writable, or when `path` is a folder or a read-only file.
    """
    try:
        target = Path(path).resolve()
        if target.is_dir():
            raise AnycostError(f"cannot write {path}: it is a folder", "name a file in it")
        if not target.parent.is_dir():
            raise AnycostError(f"cannot write {path}: there is no folder {target.parent}", "create it or name another")
        if target.exists() and not target.is_file():
            raise AnycostError(f"cannot write {path}: it is not an ordinary file", "name another")
        for place, what in ((target.parent, "its folder"), (target, "the file")):
            if place.exists() and not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise AnycostError(
                    f"cannot write {path}: {what} is read-only", "name another or change the permissions"
                )
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long or holds a NUL
        raise AnycostError(f"cannot write {path!s:.200}: {_reason(error)}", "name another file") from error
    return target


def write_aside(path: str | os.PathLike[str], data: bytes | memoryview, mode: int | None = None) -> None:
    """Write beside `path`, then take its name: whatever fails, a file that was there is untouched.

    mode: permissions of a new file, such as 0o600; None: as the user's settings have it. Raises AnycostError as
    `ensure_writable` does, and when the disk is full.
    """
    target = ensure_writable(path)
    try:
        with replacing(target, mode=mode) as aside:
            aside.write_bytes(data)
    except OSError as error:
        raise AnycostError(f"cannot write {path}: {_reason(error)}", "free some space or name another place") from error


def mode_of_copy(*originals: Path) -> int | None:
    """For `write_aside`: who may not read one of these files may not read what shows it either. None: there is none.

    Its user may always replace the copy."""
    modes = []
    for path in originals:
        with contextlib.suppress(OSError):  # it is gone
            modes.append(path.stat().st_mode & 0o777)
    return functools.reduce(operator.and_, modes) | 0o600 if modes else None


@contextlib.contextmanager
def replacing(target: Path, folder: Path | None = None, mode: int | None = None) -> Iterator[Path]:
    """The path of a new file, to be written inside the block, that becomes `target` at its end.

    When the block raises, the new file is removed and an old `target` stays untouched. A replaced file's permissions
    are kept. folder: where the new file lies meanwhile, on the same disk; default: beside `target`. mode: permissions
    of a new file, from its first byte on; None: as the user's settings have it.
    Raises OSError when the disk is full or the folder cannot be written.
    """
    aside = (folder or target.parent) / f".{uuid.uuid4().hex}.part"
    sweep_parts(aside.parent)
    try:
        if mode is not None:
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
            os.chmod(aside, mode)
        yield aside
        _flush(aside)
        if target.exists():
            os.chmod(aside, target.stat().st_mode & 0o777)
        os.replace(aside, target)
        _flush_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


@functools.lru_cache(maxsize=64)  # once in a process: a folder may hold thousands of photos
def sweep_parts(folder: Path) -> None:
    """Removes what processes that were killed left in a folder an hour ago or more: another may be at work now."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _PART.fullmatch(path.name) and time.time() - path.lstat().st_mtime > _PART_AGE:
                path.unlink()


def _flush_folder(folder: Path) -> None:
    """Waits until the file's new name is on the disk; Windows does so by itself."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _flush(path: Path) -> None:
    """Waits until the file's content is on the disk, where its file system can say so."""
    with path.open("r+b") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise


def _reason(error: Exception) -> str:
    return str((isinstance(error, OSError) and error.strerror) or error).splitlines()[0]
