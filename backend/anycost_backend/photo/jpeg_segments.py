"""The segments of a JPEG file that are not pixels: read and written whole, whatever their number and size."""

import hashlib
import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from anycost_backend.photo.png_chunks import XMP_HEAD

MAX_SEGMENT = 65533  # bytes of a segment's content
EXIF_HEAD = b"Exif\0\0"
PHOTOSHOP_HEAD = b"Photoshop 3.0\0"
_EXTENSION_HEAD = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_PART = MAX_SEGMENT - len(_EXTENSION_HEAD) - 32 - 8
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_REWRITTEN = (b"JFIF\0", b"JFXX\0", b"Adobe", b"ICC_PROFILE\0", b"Ducky")  # by the encoder; thumbnails; a quality
_PICTURES = (b"MPF\0", b"urn:iso:std:iso:ts:21496", b"FPXR\0")  # of further pictures in the file


@dataclass(frozen=True)
class JpegSegments:
    exif: bytes | None = None  # a TIFF structure
    xmp: bytes | None = None
    xmp_extension: bytes | None = None  # a packet of its own, for what is too long for one segment
    photoshop: bytes | None = None  # the resources of all segments, without their heads
    comments: tuple[bytes, ...] = ()
    density: tuple[int, int, int] | None = None  # JFIF's: across, down, unit (0: only their ratio, 1: inch, 2: cm)
    lost: tuple[str, ...] = ()  # names of segments that are not kept
    pictures: bool = False  # whether the file says that it holds further pictures
    icc: bool = False  # whether there is a colour profile, perhaps a damaged one
    trailer: bytes = b""  # the first bytes of what follows the image


def read_segments(data: mmap.mmap | bytes) -> JpegSegments:
    """Stops at damage: libvips reports it."""
    exif = xmp = density = None
    photoshop, comments, lost, pictures, icc = b"", list[bytes](), list[str](), False, False
    parts: dict[int, bytes] = {}
    for marker, start, end in _segments(data):
        body = bytes(data[start:end])
        if marker == 0xFE:
            comments.append(body)
        elif marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            unit, across, down = struct.unpack_from(">BHH", body, 7)
            density = across, down, unit
        elif marker == 0xE1 and body.startswith(b"Exif\0"):
            lost += ["a second EXIF block"] if exif else []
            exif = exif or body[len(EXIF_HEAD) :]
        elif marker == 0xE1 and body.startswith(XMP_HEAD):
            lost += ["a second XMP packet"] if xmp else []
            xmp = xmp or body[len(XMP_HEAD) :]
        elif marker == 0xE1 and body.startswith(_EXTENSION_HEAD):
            head = len(_EXTENSION_HEAD) + 32
            if len(body) > head + 8:
                parts[struct.unpack_from(">I", body, head + 4)[0]] = body[head + 8 :]
        elif marker == 0xED and body.startswith(PHOTOSHOP_HEAD):
            photoshop += body[len(PHOTOSHOP_HEAD) :]
        elif body.startswith(b"ICC_PROFILE\0"):
            icc = True
        elif body.startswith(_PICTURES):
            pictures = True
        elif 0xE0 <= marker <= 0xEF and not body.startswith(_REWRITTEN):
            name = re.match(rb"[\x21-\x7e]{0,20}", body)
            lost.append(f"APP{marker - 0xE0} {(name[0] if name else b'').decode()}".strip())
    extension = _joined(parts)
    if parts and extension is None:
        lost.append("the extended XMP, which is damaged")
    end = _end_of_image(data)
    trailer = bytes(data[end : end + 4096])
    return JpegSegments(
        exif,
        xmp,
        extension,
        photoshop or None,
        tuple(comments),
        density,
        tuple(dict.fromkeys(lost)),
        pictures,
        icc,
        trailer if any(trailer) else b"",
    )


def comment_segments(comments: tuple[bytes, ...]) -> bytes:
    """A longer one takes several."""
    parts = [comment[at : at + MAX_SEGMENT] for comment in comments for at in range(0, len(comment) or 1, MAX_SEGMENT)]
    return b"".join(_segment(0xFE, part) for part in parts)


def photoshop_segments(resources: bytes) -> bytes:
    room = MAX_SEGMENT - len(PHOTOSHOP_HEAD)
    parts = [resources[at : at + room] for at in range(0, len(resources), room)]
    return b"".join(_segment(0xED, PHOTOSHOP_HEAD + part) for part in parts)


def xmp_segments(xmp: bytes, extension: bytes | None) -> bytes:
    """extension: announced in `xmp` by its `digest`. Raises ValueError when `xmp` is too long."""
    if len(xmp) > MAX_SEGMENT - len(XMP_HEAD):
        raise ValueError("XMP of more than 65,504 bytes")
    segments = _segment(0xE1, XMP_HEAD + xmp)
    if extension:
        guid = digest(extension).encode()
        for at in range(0, len(extension), _EXTENSION_PART):
            place = struct.pack(">II", len(extension), at)
            part = extension[at : at + _EXTENSION_PART]
            segments += _segment(0xE1, _EXTENSION_HEAD + guid + place + part)
    return segments


def digest(extension: bytes) -> str:
    """What the standard calls the GUID of extended XMP."""
    return hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()


def with_density(jpeg: memoryview, density: tuple[int, int, int] | None) -> None:
    """Writes across, down and unit into the JFIF segment, which a CMYK file does not have; None: not known."""
    across, down, unit = density or (1, 1, 0)
    if bytes(jpeg[2:4]) == b"\xff\xe0" and bytes(jpeg[6:11]) == b"JFIF\0":
        struct.pack_into(">BHH", jpeg, 13, unit, across, down)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _segments(data: mmap.mmap | bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the content of those before the pixels."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in (0xDA, 0xD9):
            return
        else:
            (length,) = struct.unpack(">H", data[at + 2 : at + 4])
            if length < 2 or at + 2 + length > len(data):
                return
            yield marker, at + 4, at + 2 + length
            at += 2 + length


def _end_of_image(data: mmap.mmap | bytes) -> int:
    """Where the first image's end marker ends, or where the file does."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] == 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker in _BARE or marker == 0:
            at += 2
            continue
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
        if marker == 0xDA:  # pixels follow, until a marker that is neither stuffing nor a restart
            match = _MARKER.search(data, at)
            at = match.start() if match else len(data)
    return len(data)


_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def _joined(parts: dict[int, bytes]) -> bytes | None:
    """The parts in order; None when one is missing."""
    whole = b""
    for at in sorted(parts):
        if at != len(whole):
            return None
        whole += parts[at]
    return whole or None
