"""Encodes pixels and metadata as JPEG, PNG, WebP or TIFF, with the encoding of the source file where possible."""

import io
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyvips
from PIL import Image, JpegImagePlugin

from anycost_backend.photo.colour_profiles import INTERPRETATION, Kind
from anycost_backend.photo.exif import (
    IPTC,
    PHOTOSHOP,
    Folder,
    descriptive,
    numbers,
    read_folder,
    shortened,
    with_more,
    with_tags,
)
from anycost_backend.photo.file_names import Format
from anycost_backend.photo.jpeg_segments import (
    EXIF_HEAD,
    MAX_SEGMENT,
    comment_segments,
    digest,
    photoshop_segments,
    with_density,
    xmp_segments,
)
from anycost_backend.photo.metadata import Metadata, Resolution
from anycost_backend.photo.photoshop import iptc_of
from anycost_backend.photo.png_chunks import XMP_HEAD, Chunk, raw_profile, with_chunks, xmp_chunk
from anycost_backend.photo.xmp import split

DTYPES: dict[Format, tuple[str, ...]] = {  # the last is the richest
    "jpeg": ("uint8",),
    "png": ("uint8", "uint16"),
    "webp": ("uint8",),
    "tiff": ("uint8", "uint16", "float32"),
}
KINDS: dict[Format, tuple[Kind, ...]] = {
    "jpeg": ("grey", "rgb", "cmyk"),
    "png": ("grey", "rgb"),
    "webp": ("rgb",),
    "tiff": ("grey", "rgb", "cmyk"),
}
LONGEST: dict[Format, int] = {"jpeg": 65500, "png": 10_000_000, "webp": 16383, "tiff": 10_000_000}  # pixels of a side

_COMPRESSION = {1: "none", 5: "lzw"}  # TIFF's numbers; others become deflate, which is lossless
_RIFF_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"EXIF", b"XMP ", b"ANIM", b"ANMF"}
_PURPOSE, _PACKING, _SUB_IMAGES, _ALPHA, _LAYERS, _RAW = 254, 259, 330, 338, 37724, 50706


@dataclass(frozen=True)
class Encoding:
    """How a file's pixels were encoded, as far as a new file of the same format repeats it."""

    tables: dict[int, list[int]] | None = None  # JPEG's quantisation
    subsampling: int = 0  # JPEG's chroma: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0
    progressive: bool = False
    lossless: bool = True
    compression: str = "deflate"  # TIFF's


def sniffed(head: bytes) -> Format | None:
    """The format of a file by its first 16 bytes; None for others."""
    if head.startswith(b"\xff\xd8\xff") and head[3:4] != b"\xf7":  # JPEG-LS
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "tiff" if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else None


def tiff_tags(file: BinaryIO) -> Folder:
    """The tags of a TIFF file's first image; none if it is damaged."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as block:
        try:
            return read_folder(block)
        except ValueError:  # libvips will report it
            return {}


def read_encoding(file: BinaryIO, format: Format, fields: dict[str, Any], tags: Folder) -> tuple[Encoding, list[str]]:
    """How the file was encoded, and notes for people on what a new file will not have."""
    notes: list[str] = []
    if format == "jpeg":
        file.seek(0)
        try:
            image = JpegImagePlugin.JpegImageFile(file)
            sampling = JpegImagePlugin.get_sampling(image)
        except Exception:  # libvips can read it; use standard tables
            return Encoding(lossless=False), notes
        progressive = bool(image.info.get("progressive"))
        return Encoding(dict(image.quantization), max(sampling, 0), progressive, lossless=False), notes
    if format == "webp":
        chunks = set(_riff_chunks(file))
        if others := sorted(chunk.decode("latin-1").strip() for chunk in chunks - _RIFF_CHUNKS):
            notes.append(f"these parts of the WebP file are not kept: {', '.join(others)}")
        return Encoding(lossless=b"VP8L" in chunks), notes
    if format == "tiff":
        if _LAYERS in tags or _SUB_IMAGES in tags:
            notes.append("layers and further pictures inside the TIFF file are not kept")
        if 1 in numbers(tags, _ALPHA):
            notes.append("premultiplied alpha is written as straight alpha")
        if fields.get("bits-per-sample", 8) < 8:
            notes.append("the few shades of the TIFF file become 8 bits per channel")
        packing = numbers(tags, _PACKING)
        return Encoding(compression=_COMPRESSION.get(packing[0], "deflate") if packing else "deflate"), notes
    if fields.get("palette"):
        notes.append("the palette becomes full colour")
    elif fields.get("bits-per-sample", 8) < 8:
        notes.append("the few shades of the PNG file become 8 bits per channel")
    return Encoding(), notes


def is_camera_raw(tags: Folder) -> bool:
    """Whether it is a raw photo: a TIFF file whose first image is a preview."""
    return _RAW in tags or numbers(tags, _PURPOSE) == (1,)


def encode(
    pixels: np.ndarray,  # [H, W, C] in the file's own orientation
    kind: Kind,
    metadata: Metadata,
    format: Format,
    encoding: Encoding,
    quality: int | None,  # 1..100, JPEG and WebP only; None repeats the source
    orientation: int,  # for TIFF, which keeps it outside EXIF
) -> tuple[bytes | memoryview, list[str]]:
    """The file's bytes, and notes for people on what did not fit. pixels: of a dtype in `DTYPES` and a kind in `KINDS`.

    Raises pyvips.Error, OSError or ValueError when the image cannot be encoded."""
    if format == "jpeg":
        return _jpeg(pixels, kind, metadata, encoding, quality)
    if format == "webp":
        return _webp(pixels, metadata, encoding, quality), []
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    image = image.copy(interpretation=INTERPRETATION[kind, str(pixels.dtype)])
    if format == "png":
        # The blocks are inserted here: libvips would rewrite EXIF and compress XMP, which the standard forbids.
        return with_chunks(image.pngsave_buffer(keep="none"), _png_chunks(metadata)), []
    return _tiff(image, pixels.dtype != np.float32, metadata, encoding, orientation)


def _jpeg(
    pixels: np.ndarray, kind: Kind, metadata: Metadata, encoding: Encoding, quality: int | None
) -> tuple[memoryview, list[str]]:
    # Pillow accepts quantisation tables: with the source's own, unedited parts lose next to nothing.
    options: dict[str, Any] = {"quality": quality or 95, "progressive": encoding.progressive, "optimize": True}
    if kind == "rgb":
        options["subsampling"] = encoding.subsampling
    if quality is None and encoding.tables:
        del options["quality"]
        options["qtables"] = encoding.tables
    notes: list[str] = []
    exif = _with_resolution(metadata) if kind == "cmyk" else metadata.exif
    limit = MAX_SEGMENT - len(EXIF_HEAD)
    if exif and len(exif) > limit:
        short = shortened(exif, limit)
        exif = short.block
        notes += short.notes
    if exif:
        options["exif"] = EXIF_HEAD + exif
    extra = b""
    if metadata.xmp:
        try:
            extra += xmp_segments(*split(metadata.xmp, MAX_SEGMENT - len(XMP_HEAD), digest))
        except ValueError:
            notes.append("the XMP is too long for JPEG and is not kept")
    if metadata.photoshop:
        extra += photoshop_segments(metadata.photoshop)
    extra += comment_segments(metadata.comments)
    mode = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}[kind]
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if kind == "grey" else pixels), mode)
    image.save(file, "JPEG", icc_profile=metadata.icc, extra=extra, **options)
    data = file.getbuffer()
    with_density(data, _density(metadata.resolution, 1, 1, 65535))
    return data, notes


def _webp(pixels: np.ndarray, metadata: Metadata, encoding: Encoding, quality: int | None) -> memoryview:
    lossless = encoding.lossless and quality is None
    blocks = {"icc_profile": metadata.icc, "exif": _with_resolution(metadata), "xmp": metadata.xmp}
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        file,
        "WEBP",
        lossless=lossless,
        quality=quality or (75 if lossless else 95),  # for lossless files it means effort
        exact=True,  # colours under transparent pixels too
        **{name: block for name, block in blocks.items() if block},
    )
    return file.getbuffer()


def _png_chunks(metadata: Metadata) -> list[Chunk]:
    chunks = list(metadata.chunks)
    if metadata.icc:
        chunks.insert(0, (b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if density := _density(metadata.resolution, 1 / 0.0254, 1, (1 << 31) - 1):
        chunks.append((b"pHYs", struct.pack(">IIB", *density)))
    if metadata.photoshop:
        chunks.append(raw_profile("iptc", metadata.photoshop))
    if metadata.xmp:
        chunks.append(xmp_chunk(metadata.xmp))
    return chunks


def _tiff(
    image: pyvips.Image, whole: bool, metadata: Metadata, encoding: Encoding, orientation: int
) -> tuple[bytes, list[str]]:
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    for name, block in (("icc-profile-data", metadata.icc), ("xmp-data", metadata.xmp)):
        if block:
            image.set_type(pyvips.GValue.blob_type, name, block)
    predictor = "horizontal" if whole and encoding.compression != "none" else "none"
    file: bytes = image.tiffsave_buffer(compression=encoding.compression, predictor=predictor)
    tags, notes = descriptive(metadata.exif) if metadata.exif else ({}, [])
    if metadata.photoshop:
        tags[PHOTOSHOP] = 1, len(metadata.photoshop), metadata.photoshop
        if iptc := iptc_of(metadata.photoshop):
            tags[IPTC] = 7, len(iptc), iptc
    if found := metadata.resolution:
        tags |= _resolution_tags(found)
    return with_tags(file, tags, without=(282, 283, 296)), notes  # libvips invents a resolution


def _with_resolution(metadata: Metadata) -> bytes | None:
    """The EXIF block for a file that has no other place for the resolution."""
    if metadata.resolution is None:
        return metadata.exif
    return with_more(metadata.exif, _resolution_tags(metadata.resolution))


def _resolution_tags(resolution: Resolution) -> Folder:
    across, down = (struct.pack("<II", round(value * 10000), 10000) for value in (resolution.across, resolution.down))
    unit = struct.pack("<H", 2 if resolution.unit == "inch" else 1)
    return {282: (5, 1, across), 283: (5, 1, down), 296: (3, 1, unit)}


def _density(resolution: Resolution | None, per_inch: float, unit: int, limit: int) -> tuple[int, int, int] | None:
    """Across, down and unit, as whole numbers up to the limit; 0 as the unit where only their ratio is known."""
    if resolution is None:
        return None
    if resolution.unit == "none":
        per_inch, unit = 1, 0
    across, down = (min(max(round(value * per_inch), 1), limit) for value in (resolution.across, resolution.down))
    return across, down, unit


def _riff_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The names of the chunks in a WebP file."""
    at = 12
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        yield head[:4]
        (length,) = struct.unpack("<I", head[4:])
        at += 8 + length + length % 2
