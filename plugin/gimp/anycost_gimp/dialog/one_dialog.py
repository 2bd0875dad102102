"""One dialog for each image: the one that is open comes to the front when the menu's entry is chosen again."""

import contextlib
import os
from pathlib import Path
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.core.paths import runtime_dir
from anycost_client.transport.file_lock import FileLock


class OneDialog:
    """A lock, and a file beside it by which the second asks for the first. GIMP runs each in a process of its own."""

    def __init__(self, image: Any) -> None:
        name = f"gimp-{os.getppid()}-image-{image.get_id()}"
        self._lock = FileLock(runtime_dir() / f"{name}.lock")
        self._asked: Path = runtime_dir() / f"{name}.front"

    def begin(self) -> bool:
        """False where there is one, which then comes to the front."""
        with contextlib.suppress(OSError, ClientError):  # where no file can be made there is no lock
            if self._lock.acquire():
                self.wanted_in_front()  # asked of one that is gone
                return True
            self._asked.touch()
            return False
        return True

    def is_open(self) -> bool:
        """Whether one is there. Asks nothing of it."""
        with contextlib.suppress(OSError, ClientError):
            if not self._lock.path.exists():
                return False
            if not self._lock.acquire():
                return True
            self._lock.release()
        return False

    def wanted_in_front(self) -> bool:
        """Whether another has asked since; once."""
        try:
            self._asked.unlink()
        except OSError:
            return False
        return True

    def end(self) -> None:
        for path in (self._lock.path, self._asked):
            with contextlib.suppress(OSError):  # before it is released: the next one's would go
                path.unlink()
        self._lock.release()
