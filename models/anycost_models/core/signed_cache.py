"""Caches on disk that cannot lie: a file's name has a code that only this user's key makes of its key and content.

What was damaged, swapped or planted by whoever has not that key is not used, and made anew. The key lies in the data
folder: a cache that came from elsewhere, as with a restored folder, is made anew too."""

import contextlib
import functools
import hashlib
import logging
import math
import mmap
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from anycost_models.core.atomic_files import replacing
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import cache_dir, data_dir
from anycost_models.core.private_folders import FILE, private_folder

log = logging.getLogger(__name__)

_KEY_BYTES = 32
_DAY = 86_400  # seconds

T = TypeVar("T", bytes, mmap.mmap | bytearray)


@dataclass(frozen=True)
class SignedCache:
    """One folder of the cache. A cache that cannot be read or written costs time, and nothing else."""

    name: str  # of the folder
    ending: str  # of its files, such as ".onnx"
    space: int  # bytes that its files may take: what was not used for longest goes first
    days: float = math.inf  # without use, after which a file goes

    @property
    def folder(self) -> Path:
        return cache_dir() / self.name

    def read(self, key: str) -> bytes | None:
        """None when there is nothing, or not what was written. key: names the content, [0-9a-f]+."""
        return self._intact(key, Path.read_bytes)

    def mapped(self, key: str) -> mmap.mmap | bytearray | None:
        """As `read`: pages of the file, to be written to by nobody, which take memory only while they are used."""
        return self._intact(key, _mapped)

    def write(self, key: str, data: bytes) -> None:
        """Replaces what there is of that key."""
        with contextlib.suppress(AnycostError, OSError):
            private_folder(self.folder)
            secret = own_key(make=True)
            if secret is None:
                return
            path = self.folder / self._name(key, data, secret)
            with replacing(path, mode=FILE) as aside:
                aside.write_bytes(data)
            for other in self._of(key):
                if other != path:
                    other.unlink()
            self.sweep()

    def forget(self, key: str, why: str = "") -> None:
        """Removes what makes no sense; why: said in the log."""
        with contextlib.suppress(OSError):
            for path in self._of(key):
                if why:
                    log.warning("%s is not used (%s): it is made anew", path, why)
                path.unlink()

    def files(self) -> list[Path]:
        """Also those of earlier versions."""
        with contextlib.suppress(OSError):
            return sorted(path for path in self.folder.glob(f"*{self.ending}") if path.is_file())
        return []

    def clear(self) -> int:
        """Removes all files; returns their bytes. Raises OSError."""
        freed = 0
        for path in self.files():
            freed += path.stat().st_size
            path.unlink(missing_ok=True)
        return freed

    def _intact(self, key: str, content: Callable[[Path], T]) -> T | None:
        """What `content` reads of the file of that key, if it is what was written."""
        secret = own_key()
        _sweep_once(self, self.folder)
        with contextlib.suppress(OSError):
            for path in self._of(key):
                data = content(path)
                if secret and path.name == self._name(key, data, secret):
                    with contextlib.suppress(OSError):  # a cache that cannot be written can be read all the same
                        os.utime(path)  # it was used: others go first
                    return data
                log.warning("%s is damaged, or was not written here: it is made anew", path)
                path.unlink()
        return None

    def _of(self, key: str) -> list[Path]:
        return sorted(self.folder.glob(f"{key}-*{self.ending}"))

    def sweep(self) -> None:
        """Removes what was not used for too long, is too much, or was named by an earlier version. Raises OSError."""
        ours = re.compile(rf"[0-9a-f]+-[0-9a-f]{{32}}{re.escape(self.ending)}")
        abouts = sorted(((path.stat(), path) for path in self.files()), key=lambda pair: -pair[0].st_mtime)
        taken, oldest = 0, time.time() - self.days * _DAY
        for about, path in abouts:
            if not ours.fullmatch(path.name):
                path.unlink(missing_ok=True)
                continue
            taken += about.st_size
            if taken > self.space or about.st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _name(self, key: str, data: bytes | bytearray | mmap.mmap, secret: bytes) -> str:
        code = hashlib.blake2b(f"{self.name}/{key}\n".encode(), key=secret, digest_size=16)
        code.update(data)
        return f"{key}-{code.hexdigest()}{self.ending}"


def _mapped(path: Path) -> mmap.mmap | bytearray:
    with path.open("rb") as file:
        if os.name != "posix" or not os.fstat(file.fileno()).st_size:  # Windows: it could not be replaced meanwhile
            return bytearray(file.read())
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


@functools.lru_cache(maxsize=64)  # once in a process: what nothing new is written beside, such as graphs, ages too
def _sweep_once(cache: SignedCache, folder: Path) -> None:
    with contextlib.suppress(OSError):
        cache.sweep()


def key_path() -> Path:
    return data_dir() / "cache.key"


def own_key(make: bool = False) -> bytes | None:
    """This user's key. None when there is none; `make` makes one then. Raises OSError when it cannot be written."""
    path = key_path()
    for _ in range(2):
        with contextlib.suppress(OSError):
            data = path.read_bytes()
            if len(data) == _KEY_BYTES:
                return data
        if not make:
            return None
        private_folder(path.parent)
        with replacing(path, mode=FILE) as aside:
            aside.write_bytes(secrets.token_bytes(_KEY_BYTES))
    return None
