"""The chunks of a PNG file that are not pixels: read, told apart, and written."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEY = b"XML:com.adobe.xmp"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"  # before the XMP packet in a JPEG segment

_MAX_TEXT = 64 << 20  # bytes that a compressed text may become
_MAX_CHUNK = 64 << 20  # bytes of a chunk that is kept
_PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"}
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_COLOURS = {b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD"}
_TIMES = {b"tIME"}
_AFTER_PIXELS = {b"tIME"}

Chunk = tuple[bytes, bytes]  # name and data


@dataclass(frozen=True)
class PngChunks:
    kept: tuple[Chunk, ...] = ()  # as they are: colours, texts, time, and unknown ones that may be copied
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None  # of ImageMagick's text; libvips reads iCCP
    photoshop: bytes | None = None  # resources, after their header
    has_icc: bool = False  # iCCP, perhaps a damaged one
    density: tuple[int, int, int] | None = None  # pHYs: across, down, unit (0: only their ratio, 1: per metre)
    lost: tuple[str, ...] = ()  # names of chunks that are not kept


def read_chunks(file: BinaryIO) -> PngChunks:
    """Whatever place the chunks have. Stops at a damaged one: libvips reports it."""
    kept: list[Chunk] = []
    lost: list[str] = []
    found: dict[str, bytes] = {}
    density, palette, header, has_icc = None, b"", b"", False
    for name, data in _chunks(file):
        if name == b"IHDR":
            header = data
        elif name == b"PLTE":
            palette = data
        elif name == b"iCCP":
            has_icc = True
        elif name == b"eXIf":
            found["exif"] = data  # the standard's own chunk counts more than a text
        elif name == b"pHYs" and len(data) == 9:
            density = struct.unpack(">IIB", data)
        elif name in _TEXTS:
            key, text = _text(name, data)
            what, block = _block_of(key, text or b"")
            if not what:
                kept.append((name, data))
            elif block:
                found.setdefault(what, block)
            else:
                lost.append(f"a damaged '{key.decode('latin-1')}'")
        elif name == b"bKGD" and len(data) == 1 and len(palette) >= 3 * data[0] + 3:
            colour = palette[3 * data[0] : 3 * data[0] + 3]
            kept.append((name, bytes(byte for shade in colour for byte in (0, shade))))
        elif name in _COLOURS | _TIMES or (name not in _PIXELS | {b"iCCP", b"hIST"} and name[3] & 0x20):
            kept.append((name, data))
        elif name not in _PIXELS | {b"iCCP", b"hIST", b"pHYs"}:
            lost.append(name.decode("latin-1"))
    if len(header) == 13 and header[8] < 8:  # the shades change
        kept = [chunk for chunk in kept if chunk[0] not in (b"sBIT", b"bKGD") or header[9] == 3]
    icc, exif, xmp = (found.get(what) for what in ("icc", "exif", "xmp"))
    return PngChunks(tuple(kept), exif, xmp, icc, found.get("photoshop"), has_icc, density, tuple(dict.fromkeys(lost)))


def frames_of(file: BinaryIO) -> int:
    """How many images an animated PNG has; 1 for others."""
    for name, data in _chunks(file):
        if name == b"acTL" and len(data) >= 4:
            return int(struct.unpack_from(">I", data)[0])
        if name == b"IDAT":
            break
    return 1


def text_of(chunk: Chunk) -> tuple[str, str] | None:
    """Key and text of a text chunk; None for others."""
    if chunk[0] not in _TEXTS:
        return None
    key, text = _text(*chunk)
    return key.decode("latin-1"), (text or b"").decode("utf-8" if chunk[0] == b"iTXt" else "latin-1", "replace")


def raw_profile(what: str, data: bytes) -> Chunk:
    """ImageMagick's text for a block that PNG has no chunk for."""
    lines = data.hex()
    body = f"\n{what}\n{len(data):8d}\n" + "\n".join(lines[at : at + 72] for at in range(0, len(lines), 72)) + "\n"
    return b"zTXt", f"Raw profile type {what}".encode() + b"\0\0" + zlib.compress(body.encode())


def xmp_chunk(xmp: bytes) -> Chunk:
    return b"iTXt", XMP_KEY + bytes(5) + xmp


def with_chunks(bare: bytes, chunks: list[Chunk]) -> bytes:
    """A PNG file with these chunks as its only ones besides header, pixels and end."""
    start = len(SIGNATURE) + 12 + 13  # the header chunk
    colour_type, depth = bare[25], bare[24]
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    whole = [chunk for chunk in chunks if _fits(chunk, channels, depth)]
    file = [bare[:start], *(_packed(*chunk) for chunk in whole if chunk[0] not in _AFTER_PIXELS)]
    at = start
    while at < len(bare):
        (length,) = struct.unpack_from(">I", bare, at)
        name = bare[at + 4 : at + 8]
        if name == b"IEND":
            file += [_packed(*chunk) for chunk in whole if chunk[0] in _AFTER_PIXELS]
        if name in (b"IDAT", b"IEND"):
            file.append(bare[at : at + 12 + length])
        at += 12 + length
    return b"".join(file)


def _fits(chunk: Chunk, channels: int, depth: int) -> bool:
    """Whether the file's pixels, which may have lost a palette, are what the chunk is about."""
    name, data = chunk
    if name == b"sBIT":
        return len(data) == channels and max(data) <= depth
    return name != b"bKGD" or len(data) == (2 if channels < 3 else 6)


def _packed(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    """All chunks; without the data of pixels."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name in (b"IDAT", b"fdAT") or length > _MAX_CHUNK:
            file.seek(length + 4, 1)
            yield name, b""
            continue
        data = file.read(length)
        if len(data) < length:
            return
        file.seek(4, 1)
        yield name, data
        if name == b"IEND":
            return


def _text(name: bytes, data: bytes) -> tuple[bytes, bytes | None]:
    """The key, and the text as bytes; None where it is damaged."""
    key, _, rest = data.partition(b"\0")
    packed = name == b"zTXt"
    if name == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif packed:
        rest = rest[1:]
    if packed:
        try:
            unpacking = zlib.decompressobj()
            rest = unpacking.decompress(rest, _MAX_TEXT)
        except zlib.error:
            return key, None
    return key, rest


def _block_of(key: bytes, text: bytes) -> tuple[str, bytes]:
    """What block a text holds, and the block, empty where it is damaged; ("", b"") for an ordinary text."""
    if key == XMP_KEY:
        return "xmp", text
    match = re.fullmatch(rb"Raw profile type (exif|APP1|xmp|icc|icm|iptc|8bim)", key)
    if not match:
        return "", b""
    lines = text.lstrip(b"\n").split(b"\n", 2)  # name, length, hexadecimal digits
    try:
        block = bytes.fromhex(lines[2].decode("ascii"))[: int(lines[1])]
    except (IndexError, ValueError):
        block = b""
    what = match[1]
    if what == b"APP1":
        is_xmp = block.startswith(XMP_HEAD)
        return ("xmp", block.removeprefix(XMP_HEAD)) if is_xmp else ("exif", block)
    return {b"iptc": "photoshop", b"8bim": "photoshop", b"icm": "icc"}.get(what, what.decode()), block
