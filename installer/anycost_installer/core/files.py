"""Hashes, atomic writes, removal, free space, sizes."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from anycost_installer.core.errors import InstallError

_BLOCK = 1 << 20  # bytes


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    with file.open("rb") as stream:
        return copy_and_hash(stream)[0]


def copy_and_hash(source: IO[bytes], copy: IO[bytes] | None = None, limit: int | None = None) -> tuple[str, int]:
    """Reads `source` to its end, or to more than `limit` bytes, and writes it to `copy`.

    Returns the SHA-256 in hexadecimal digits and the number of bytes read. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        size += len(block)
        if limit is not None and size > limit:
            break
        digest.update(block)
        if copy:
            copy.write(block)
    return digest.hexdigest(), size


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yields a temporary path beside `file`. After the block it is renamed to `file`; after an exception it is deleted.

    Raises OSError."""
    temporary = file.with_name(f"{file.name}.part")
    try:
        yield temporary
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Writes a file atomically, in UTF-8. An existing file keeps its permissions. Raises OSError."""
    with replacing(file) as temporary:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if file.is_file():
            shutil.copymode(file, temporary)


def path_exists(path: Path) -> bool:
    """Also for a symbolic link without a target."""
    return path.exists() or path.is_symlink()


def remove_path(path: Path, ignore_errors: bool = False) -> bool:
    """Removes a file, link or folder; returns whether it existed. `ignore_errors`: in folders. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=ignore_errors)
        return True
    existed = path_exists(path)
    path.unlink(missing_ok=True)
    return existed


def files_below(folder: Path, hidden: bool = False) -> list[Path]:
    """All files, relative to `folder` and sorted, without bytecode, unfinished files (.part) and, unless `hidden`, the
    hidden ones, such as the caches of ruff and mypy."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and (hidden or not name.startswith("."))]
        kept = [name for name in names if not name.endswith((".pyc", ".part")) and (hidden or name[0] != ".")]
        found += [Path(parent, name).relative_to(folder) for name in kept]
    return sorted(found)


def existing_parent(folder: Path) -> Path:
    """The folder, or the nearest parent that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())


def check_free_space(folder: Path, needed: float, purpose: str = "", remedy: str = "free some space") -> None:
    """`needed`: bytes on the disk of `folder`, which need not exist. `purpose`: ends the cause, such as " to unpack x".

    Raises InstallError when there is less."""
    folder = existing_parent(folder)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InstallError(
            f"{folder} has {format_size(free)} free, {format_size(needed)} are needed{purpose}",
            f"{remedy}, then run the same command again",
        )


def format_size(size: float) -> str:
    """`size`: bytes. Returns "1.5 GB", "58 MB" or "0.2 MB"."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
