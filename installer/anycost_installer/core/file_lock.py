"""A file lock: only one installer works in a folder at a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anycost_installer.core.errors import InstallError

LOCK_NAME = ".lock"


@contextmanager
def file_lock(folder: Path) -> Iterator[None]:
    """Holds the lock of `folder`. Raises InstallError when another process holds it.

    The operating system releases the lock when the process ends, also after a crash."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_NAME).open("wb") as lock:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InstallError(
                f"another installer is at work in {folder}", "wait until it is done, then run the same command again"
            ) from error
        try:
            yield
        finally:
            if sys.platform != "win32":  # Windows cannot delete an open file
                (folder / LOCK_NAME).unlink(missing_ok=True)
    with suppress(OSError):
        (folder / LOCK_NAME).unlink()
