"""Real image files of every kind that people have, made from a crop of the astronaut."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pyvips
import tifffile
from PIL import Image
from skimage.data import astronaut

HEIGHT, WIDTH = 96, 120
# The head, on a quiet background. Odd sizes and no symmetry, so that a wrong turn shows.
CROP = astronaut()[60 : 60 + HEIGHT, 160 : 160 + WIDTH].copy()
ALPHA = np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None].repeat(HEIGHT, 0)
P3: bytes = pyvips.Operation.call("profile_load", "p3")
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:rights="NASA"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x50\x00\x08An Agent\0"  # by-line, padded to even


def exif(orientation: int = 1, byte_order: str = ">") -> Image.Exif:
    tags = Image.Exif()
    tags.endian = byte_order
    tags[0x010F] = "Hasselblad"
    tags[0x0112] = orientation
    tags.get_ifd(0x8769).update({0x829A: 0.008, 0x9003: "1990:04:24 12:33:51", 0x927C: b"MAKER\0\1\2\3"})
    tags.get_ifd(0x8769).update({0xA002: WIDTH, 0xA003: HEIGHT})
    tags.get_ifd(0x8825)[1] = "N"
    return tags


def exif_with_thumbnail() -> bytes:
    """What cameras write: a second folder that points to a small JPEG."""
    small = io.BytesIO()
    Image.fromarray(CROP[::2, ::2]).save(small, "JPEG")
    block = bytearray(exif(6, "<").tobytes()[6:])
    (folder,) = struct.unpack_from("<I", block, 4)
    (count,) = struct.unpack_from("<H", block, folder)
    struct.pack_into("<I", block, folder + 2 + 12 * count, len(block))
    data = small.getvalue()
    entries = struct.pack("<HHIIHHII", 0x0201, 4, 1, len(block) + 30, 0x0202, 4, 1, len(data))
    return b"Exif\0\0" + bytes(block) + struct.pack("<H", 2) + entries + bytes(4) + data


def sixteen(pixels: np.ndarray) -> np.ndarray:
    """16-bit shades that use the low byte as well."""
    noise = np.random.default_rng(0).integers(0, 257, pixels.shape)
    return (pixels.astype(np.int64) * 256 + noise).clip(0, 65535).astype(np.uint16)


def vips_file(path: Path, pixels: np.ndarray, profile: bytes | None = None, **options: object) -> Path:
    image = pyvips.Image.new_from_array(pixels)
    if pixels.dtype == np.uint16:
        image = image.copy(interpretation="rgb16" if pixels.shape[2] > 2 else "grey16")
    else:
        image = image.copy(interpretation="srgb" if pixels.shape[2] > 2 else "b-w")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path), **options)
    return path


def pillow(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


def tiff(path: Path, pixels: np.ndarray, **options: object) -> Path:
    tifffile.imwrite(path, pixels, **options)
    return path


RGB, RGBA = Image.fromarray(CROP), Image.fromarray(np.dstack([CROP, ALPHA]))
FULL = {"exif": exif().tobytes(), "dpi": (300, 300)}

# name: (extension, how to make it)
LOSSLESS = {
    "png 8 bit": ("png", lambda p: pillow(p, RGB, **FULL)),
    "png 8 bit alpha": ("png", lambda p: pillow(p, RGBA, **FULL)),
    "png grey": ("png", lambda p: pillow(p, RGB.convert("L"))),
    "png grey alpha 16 bit": ("png", lambda p: vips_file(p, sixteen(np.dstack([CROP[:, :, 0], ALPHA])))),
    "png palette": ("png", lambda p: pillow(p, RGB.quantize(64))),
    "png 16 bit P3": ("png", lambda p: vips_file(p, sixteen(CROP), P3)),
    "png 16 bit P3 alpha": ("png", lambda p: vips_file(p, sixteen(np.dstack([CROP, ALPHA])), P3)),
    "webp lossless": ("webp", lambda p: pillow(p, RGB, lossless=True, exif=exif(), xmp=XMP, icc_profile=P3)),
    "webp lossless alpha": ("webp", lambda p: pillow(p, RGBA, lossless=True, exact=True)),
    "tiff 8 bit": ("tif", lambda p: pillow(p, RGB, **FULL)),
    "tiff 8 bit lzw": ("tif", lambda p: pillow(p, RGB, compression="tiff_lzw")),
    "tiff 8 bit plain": ("tiff", lambda p: tiff(p, CROP, photometric="rgb")),
    "tiff 16 bit P3": ("tif", lambda p: tiff(p, sixteen(CROP), photometric="rgb", iccprofile=P3, compression="zlib")),
    "tiff 16 bit alpha big-endian": (
        "tif",
        lambda p: tiff(
            p, sixteen(np.dstack([CROP, ALPHA])), photometric="rgb", extrasamples=["unassalpha"], byteorder=">"
        ),
    ),
    "tiff float": ("tif", lambda p: tiff(p, CROP.astype(np.float32) / 255, photometric="rgb")),
    "tiff float grey": ("tif", lambda p: tiff(p, CROP[:, :, 1].astype(np.float32) / 255)),
    "tiff cmyk": ("tif", lambda p: pillow(p, RGB.convert("CMYK"))),
    "tiff cmyk 16 bit": ("tif", lambda p: tiff(p, sixteen(np.asarray(RGB.convert("CMYK"))), photometric="separated")),
}
LOSSY = {
    "jpeg 4:2:0": ("jpg", lambda p: pillow(p, RGB, quality=83, **FULL, xmp=XMP, icc_profile=P3)),
    "jpeg 4:4:4": ("jpg", lambda p: pillow(p, RGB, quality=91, subsampling=0)),
    "jpeg progressive 4:2:2": ("jpeg", lambda p: pillow(p, RGB, quality=70, subsampling=1, progressive=True)),
    "jpeg grey": ("jpg", lambda p: pillow(p, RGB.convert("L"), quality=90)),
    "jpeg cmyk": ("jpg", lambda p: pillow(p, RGB.convert("CMYK"), quality=90)),
    "webp lossy": ("webp", lambda p: pillow(p, RGB, quality=90, exif=exif())),
    "webp lossy alpha": ("webp", lambda p: pillow(p, RGBA, quality=90)),
}
ALL = LOSSLESS | LOSSY


def make(folder: Path, name: str) -> Path:
    extension, maker = ALL[name]
    return maker(folder / f"source.{extension}")


def with_jpeg_segments(path: Path, *segments: tuple[int, bytes]) -> Path:
    """The JPEG file with more segments, after the first one. segments: markers and contents."""
    data = path.read_bytes()
    at = 4 + int.from_bytes(data[4:6], "big")
    more = b"".join(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments)
    path.write_bytes(data[:at] + more + data[at:])
    return path


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_png_chunks(path: Path, chunks: list[tuple[bytes, bytes]], *, after_pixels: bool = False) -> Path:
    """The PNG file with more chunks."""
    data = path.read_bytes()
    at = data.index(b"IEND") - 4 if after_pixels else 8 + 12 + 13
    path.write_bytes(data[:at] + b"".join(png_chunk(*chunk) for chunk in chunks) + data[at:])
    return path


def png_claiming(path: Path, width: int, height: int) -> Path:
    """A header and next to nothing after it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(99))))
    return path


# Metadata

PACKET = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF></x:xmpmeta>'
RIGHTS = '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:rights="NASA"/>'


def jpeg(path: Path, *segments: tuple[int, bytes], **options: object) -> Path:
    Image.fromarray(CROP).save(path, "JPEG", **options)
    return with_jpeg_segments(path, *segments)


def small_jpeg() -> bytes:
    file = io.BytesIO()
    Image.fromarray(CROP[::2, ::2]).save(file, "JPEG")
    return file.getvalue()


def description(attributes: str, content: str = "") -> str:
    return f'<rdf:Description rdf:about="" {attributes}>{content}</rdf:Description>'
