"""A lock between processes, held by an open file; it ends with its process."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from anycost_client.core.errors import ConnectionFileError
from anycost_client.transport.connection_file import ensure_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """Held while a client starts a backend: of two clients one starts it and both use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, timeout: float = 0.0, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Whether it was got within `timeout` seconds. Raises ConnectionFileError when the folder is not private, or
        cannot be written."""
        ensure_private(self.path.parent)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConnectionFileError(
                f"cannot write {self.path} ({error.strerror})", "free some space or check the folder"
            ) from error
        deadline = time.monotonic() + timeout
        while not _try(descriptor):
            if time.monotonic() >= deadline or cancelled():
                os.close(descriptor)
                return False
            time.sleep(0.02)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)  # the file stays: removing it would let two hold "the" lock
            self._descriptor = None


def _try(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
