"""Whether a layer with an edit was painted on since: its pixels are compared with what was written."""

import hashlib
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.areas import Area

from anycost_gimp.image.parasites import stored_with
from anycost_gimp.image.pixels import read

_FORMAT = "R~G~B~A u8"  # so that another precision of the image is no painting


def digest(layer: Any) -> Steps[str]:
    """Of its size and its own pixels: its mask, its filters and its place may change."""
    width, height = layer.get_width(), layer.get_height()
    pixels = yield from read(layer.get_buffer(), Area(0, 0, width, height), _FORMAT)
    return hashlib.blake2b(pixels, digest_size=16, salt=f"{width}×{height}".encode()[:16]).hexdigest()


def painted_on(layer: Any) -> Steps[bool]:
    """True also where nobody knows: of edits that were stored without a digest. Raises ClientError for a stored edit
    that cannot be read."""
    if not layer.is_valid():
        return False
    edit = yield from stored_with(layer)
    return edit is None or edit.written is None or edit.written != (yield from digest(layer))
