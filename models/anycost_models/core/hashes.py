"""SHA-256 digests: of files, and as the names of cached results."""

import functools
import hashlib
from pathlib import Path

_BLOCK = 1 << 20  # bytes


def sha256_of(path: Path) -> str:
    """The digest of a file's content, 64 hexadecimal digits. Raises OSError when it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_bytes(data: bytes) -> str:
    """The digest of bytes in memory, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def known_sha256_of(path: Path) -> str:
    """As `sha256_of`, read once in a process as long as the file is the same: its size, times and number are."""
    about = path.stat()
    return _sha256_of_state(path, (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev))


@functools.lru_cache(maxsize=64)
def _sha256_of_state(path: Path, state: tuple[int, ...]) -> str:
    return sha256_of(path)


def key_of(*parts: object) -> str:
    """32 hexadecimal digits that name what was computed from these values; their `repr` says all about them."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
