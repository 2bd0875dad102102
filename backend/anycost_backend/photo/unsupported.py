"""Says what a file is that cannot be edited, and what helps."""

from anycost_backend.photo.exif import Folder, numbers

EXPORT = "export it as TIFF, PNG or JPEG"  # from the program that made it
_RAW_REMEDY = "develop it first and save it as TIFF"
_TIFF_REMEDY = "save it as RGB with 8 or 16 bits and LZW or deflate compression, or as PNG"

_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# How files of other kinds begin: offset, bytes, name.
_KINDS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypavis", "an AVIF animation"),
    (4, b"ftypcrx", "a camera's raw photo (Canon CR3)"),
    *((4, b"ftyp" + brand, "a HEIC picture") for brand in _HEIC),
    (4, b"ftyp", "a video"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\xff\xd8\xff\xf7", "a JPEG-LS picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"#?RGBE", "a Radiance HDR picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"<svg", "a drawing (SVG)"),
    (0, b"DDS ", "a texture (DDS)"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"II\xbc\x01", "a JPEG XR picture"),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw photo (Fujifilm)"),
    (0, b"FOVb", "a camera's raw photo (Sigma)"),
    (0, b"\0MRM", "a camera's raw photo (Minolta)"),
    (0, b"IIRO", "a camera's raw photo (Olympus)"),
    (0, b"IIRS", "a camera's raw photo (Olympus)"),
    (0, b"IIU\0", "a camera's raw photo (Panasonic)"),
    (128, b"DICM", "a DICOM picture"),
    (0, b"SIMPLE  =", "a FITS picture"),
    (0, b"RIFF", "a video or a sound"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    *((0, b"P" + digit, "a portable pixmap (PNM)") for digit in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"F", b"f")),
)
HEAD = 512  # bytes that `kind_of` needs

_SCHEMES = {
    2: "CCITT fax",
    6: "JPEG of the old style",
    32809: "ThunderScan",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    52546: "JPEG XL",
    50002: "JPEG XL",
    **dict.fromkeys((33003, 33004, 33005, 34712, 34713), "JPEG 2000"),
}
_COLOURS = {
    8: "Lab colours",
    9: "Lab colours (ICC)",
    10: "Lab colours (ITU)",
    4: "a transparency mask",
    32803: "a sensor's raw pixels",
    32844: "logarithmic brightness",
    32845: "logarithmic colours",
    34892: "a sensor's raw pixels",
}
_COMPRESSION, _PHOTOMETRIC, _BITS, _PLANES, _SAMPLES, _TILE = 259, 262, 258, 284, 339, 322


def kind_of(head: bytes) -> tuple[str, str]:
    """What the file is, by its first `HEAD` bytes, and what helps."""
    if not head:
        return "empty", "name another file"
    if head.startswith(b"PK") and b"mimetypeimage/openraster" in head:
        return "an OpenRaster document", EXPORT
    if head.startswith(b"PK") and b"mimetypeapplication/x-krita" in head:
        return "a Krita document", EXPORT
    if b"<svg" in head:
        return "a drawing (SVG)", EXPORT
    for at, start, name in _KINDS:
        if head.startswith(start, at):
            return name, _RAW_REMEDY if "raw photo" in name else EXPORT
    return "no JPEG, PNG, WebP or TIFF picture", "name another file"


def tiff_problem(tags: Folder) -> tuple[str, str] | None:
    """Why a TIFF file with these tags cannot be read, and what helps; None where nothing is known against it."""

    def first(tag: int, default: int) -> int:
        return (*numbers(tags, tag), default)[0]

    compression, bits = first(_COMPRESSION, 1), numbers(tags, _BITS)
    if compression in _SCHEMES and not (compression == 2 and set(bits) <= {1}):
        return f"is compressed with {_SCHEMES[compression]}, which cannot be read", _TIFF_REMEDY
    if first(_PHOTOMETRIC, 2) in _COLOURS:
        return f"holds {_COLOURS[first(_PHOTOMETRIC, 2)]}", _TIFF_REMEDY
    if len(set(bits)) > 1:
        return f"has channels of {', '.join(map(str, bits))} bits", _TIFF_REMEDY
    samples = first(_SAMPLES, 1)
    if samples in (2, 5, 6):
        return f"holds {'signed' if samples == 2 else 'complex'} numbers", _TIFF_REMEDY
    depth = first(_BITS, 1)
    if (depth not in (1, 2, 4, 8, 16) and samples != 3) or (depth not in (16, 32) and samples == 3):
        return f"has {depth} bits per channel{' of floating point' if samples == 3 else ''}", _TIFF_REMEDY
    if first(_PLANES, 1) == 2 and _TILE in tags:
        return "is laid out in tiles of separate channels, which cannot be read", _TIFF_REMEDY
    return None
