"""Keeps a second installer away from a folder while one is at work in it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anycost_installer.core.errors import InstallError

NAME = ".lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Raises InstallError when another one is there. The system forgets the lock when its process ends, however."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("wb") as lock:
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
            if sys.platform != "win32":  # there a file that is open stays
                (folder / NAME).unlink(missing_ok=True)
    with suppress(OSError):
        (folder / NAME).unlink()
