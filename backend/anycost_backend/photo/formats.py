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
from PIL import Image, JpegImagePlugin, PngImagePlugin

from anycost_backend.photo.colour_profiles import INTERPRETATION, Kind
from anycost_backend.photo.exif import Folder, block_of, descriptive, numbers, read_folder, with_tags
from anycost_backend.photo.file_names import Format
from anycost_backend.photo.metadata import Metadata

NAMES: dict[Format, str] = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "tiff": "TIFF"}
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
_MAX_BLOCK = 65000  # bytes of EXIF or XMP in a JPEG file

_COMPRESSION = {1: "none", 5: "lzw"}  # TIFF's numbers; others become deflate, which is lossless
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
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "tiff" if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else None


def tiff_tags(file: BinaryIO) -> tuple[Folder, bytes | None]:
    """The tags of a TIFF file's first image, and an EXIF block of the descriptive ones. BigTIFF gives none."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as block:
        try:
            tags = read_folder(block)
        except ValueError:  # libvips will report it
            return {}, None
        try:
            described = descriptive(block)
        except ValueError:
            described = {}
    return tags, block_of(described) if described else None


def png_frames_and_texts(file: BinaryIO) -> tuple[int, tuple[tuple[str, str], ...]]:
    """How many images an animated PNG has, and its texts (libvips gives the first image, and bytes for texts)."""
    file.seek(0)
    try:
        image = PngImagePlugin.PngImageFile(file)
    except Exception:  # Pillow raises many kinds for damaged files; libvips will report it
        return 1, ()
    texts = tuple((str(key), str(text)) for key, text in image.info.items() if isinstance(text, str))
    return getattr(image, "n_frames", 1), tuple(text for text in texts if text[0] != "XML:com.adobe.xmp")


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
        if "mp" in image.info:
            notes.append("further pictures inside the JPEG file (gain map, depth, preview) are not kept")
        progressive = bool(image.info.get("progressive"))
        return Encoding(dict(image.quantization), max(sampling, 0), progressive, lossless=False), notes
    if format == "webp":
        return Encoding(lossless=b"VP8L" in set(_riff_chunks(file))), notes
    if format == "tiff":
        if not tags:
            notes.append("the tags of a BigTIFF file (names, dates, camera) are not kept")
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
        return _png(image.pngsave_buffer(keep="none"), metadata), []
    return _tiff(image, pixels.dtype != np.float32, metadata, encoding, orientation), []


def _jpeg(
    pixels: np.ndarray, kind: Kind, metadata: Metadata, encoding: Encoding, quality: int | None
) -> tuple[memoryview, list[str]]:
    # Pillow accepts quantisation tables: with the source's own, unedited parts lose next to nothing.
    notes = []
    options: dict[str, Any] = {"quality": quality or 95, "progressive": encoding.progressive, "optimize": True}
    if kind == "rgb":
        options["subsampling"] = encoding.subsampling
    if quality is None and encoding.tables:
        del options["quality"]
        options["qtables"] = encoding.tables
    for name in ("exif", "xmp"):
        block = getattr(metadata, name)
        if block and len(block) > _MAX_BLOCK:
            notes.append(f"the {name.upper()} block is too long for JPEG and is not kept")
        elif block:
            options[name] = b"Exif\0\0" + block if name == "exif" else block
    if metadata.photoshop and len(metadata.photoshop) <= _MAX_BLOCK:
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(metadata.photoshop) + 2) + metadata.photoshop
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    mode = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}[kind]
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if kind == "grey" else pixels), mode)
    image.save(file, "JPEG", icc_profile=metadata.icc, **options)
    return file.getbuffer(), notes


def _webp(pixels: np.ndarray, metadata: Metadata, encoding: Encoding, quality: int | None) -> memoryview:
    lossless = encoding.lossless and quality is None
    blocks = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}
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


def _png(bare: bytes, metadata: Metadata) -> bytes:
    # The blocks are inserted here: libvips would rewrite EXIF and compress XMP, which the standard forbids.
    chunks = []
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.dpi:
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(dpi / 0.0254) for dpi in metadata.dpi), 1)))
    texts = [(key, text.encode()) for key, text in metadata.texts]
    if metadata.xmp:
        texts.append(("XML:com.adobe.xmp", metadata.xmp))
    chunks += [(b"iTXt", key.encode("latin-1", "replace")[:79] + bytes(5) + text) for key, text in texts]
    start = 8 + 12 + 13  # the signature and the header chunk
    file = [bare[:start], *(_png_chunk(name, data) for name, data in chunks)]
    at = start
    while at < len(bare):
        (length,) = struct.unpack_from(">I", bare, at)
        if bare[at + 4 : at + 8] in (b"IDAT", b"IEND"):
            file.append(bare[at : at + 12 + length])
        at += 12 + length
    return b"".join(file)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _tiff(image: pyvips.Image, whole: bool, metadata: Metadata, encoding: Encoding, orientation: int) -> bytes:
    across, down = metadata.dpi or (72.0, 72.0)
    image = image.copy(xres=across / 25.4, yres=down / 25.4)
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.set_type(pyvips.GValue.gstr_type, "resolution-unit", "in")
    for name, block in (("icc-profile-data", metadata.icc), ("xmp-data", metadata.xmp)):
        if block:
            image.set_type(pyvips.GValue.blob_type, name, block)
    predictor = "horizontal" if whole and encoding.compression != "none" else "none"
    file: bytes = image.tiffsave_buffer(compression=encoding.compression, predictor=predictor)
    return with_tags(file, metadata.exif) if metadata.exif else file


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
