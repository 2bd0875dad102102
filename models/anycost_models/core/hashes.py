"""SHA-256 digests: of files, and as the names of cached results."""

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


def key_of(*parts: object) -> str:
    """32 hexadecimal digits that name what was computed from these values; their `repr` says all about them."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
