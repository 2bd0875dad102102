"""Photoshop's image resources, which JPEG and TIFF files carry: the older IPTC fields, and thumbnails."""

import struct
from collections.abc import Iterator

from anycost_backend.photo.maker_notes import without_previews

_SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")
_IPTC = 0x0404
_PICTURES = {1033, 1036}  # thumbnails
_COPIES = {1058, 1059, 1060}  # of EXIF and XMP, which go their own ways


def cleaned(resources: bytes) -> bytes | None:
    """Without thumbnails, which show the old face, and without second copies of EXIF and XMP. What cannot be told apart
    stays as it is, but for JPEG images in it. None when nothing remains."""
    kept, at = b"", 0
    for number, start, _, end in _resources(resources):
        at = end
        if number not in _PICTURES | _COPIES:
            kept += resources[start:end]
    rest = bytearray(resources[at:])
    without_previews(rest)
    return ((kept + bytes(rest)).rstrip(b"\0") and kept + bytes(rest)) or None


def iptc_of(resources: bytes) -> bytes | None:
    """The older IPTC fields among the resources."""
    for number, _, (content, length), _ in _resources(resources):
        if number == _IPTC:
            return resources[content : content + length]
    return None


def with_iptc(resources: bytes, iptc: bytes) -> bytes:
    """The resources with these IPTC fields, unless they have some."""
    if iptc_of(resources) is not None or not iptc:
        return resources
    head = struct.pack(">4sHHI", b"8BIM", _IPTC, 0, len(iptc))
    return resources + head + iptc + bytes(len(iptc) % 2)


def _resources(resources: bytes) -> Iterator[tuple[int, int, tuple[int, int], int]]:
    """Number, start, content (offset and length) and end of each; ends at damage."""
    at = 0
    while resources[at : at + 4] in _SIGNATURES and at + 12 <= len(resources):
        name = resources[at + 6] + 1
        length_at = at + 6 + name + name % 2
        if length_at + 4 > len(resources):
            return
        (length,) = struct.unpack_from(">I", resources, length_at)
        end = min(length_at + 4 + length + length % 2, len(resources))
        if length_at + 4 + length > len(resources):
            return
        yield struct.unpack_from(">H", resources, at + 4)[0], at, (length_at + 4, length), end
        at = end
