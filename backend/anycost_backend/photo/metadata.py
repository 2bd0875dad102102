"""What a photo's file holds besides pixels: collected from its format's own places, cleaned, marked as edited."""

import mmap
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from anycost_backend.photo import exif as exif_blocks
from anycost_backend.photo import photoshop as photoshop_resources
from anycost_backend.photo import xmp as xmp_packets
from anycost_backend.photo.exif import Folder
from anycost_backend.photo.file_names import NAMES, Format
from anycost_backend.photo.jpeg_segments import EXIF_HEAD, PHOTOSHOP_HEAD, read_segments
from anycost_backend.photo.png_chunks import Chunk, read_chunks, text_of

_NO_PROFILE = "the file has a damaged colour profile: its colours are taken as if there were none"
_INCH = 0.0254  # metres
_RESOLUTION = (282, 283, 296)  # TIFF's tags: across, down, unit (1: only their ratio, 2: inch, 3: cm)


@dataclass(frozen=True)
class Resolution:
    """Along the stored image's width and height."""

    across: float
    down: float
    unit: str = "inch"  # or "none": only the ratio of the two is known, the shape of a pixel

    def turned(self) -> "Resolution":
        return replace(self, across=self.down, down=self.across)


@dataclass(frozen=True)
class Metadata:
    """Each block in the form that the formats share; None if there is none."""

    icc: bytes | None = None
    exif: bytes | None = None  # a TIFF structure, without the "Exif" that JPEG puts before it
    xmp: bytes | None = None
    photoshop: bytes | None = None  # image resources, with the older IPTC fields
    resolution: Resolution | None = None
    comments: tuple[bytes, ...] = ()  # of a JPEG file
    chunks: tuple[Chunk, ...] = ()  # of a PNG file: colours, texts, time, others

    @property
    def dpi(self) -> tuple[float, float] | None:
        """Pixels per inch, where they are known."""
        found = self.resolution
        return (found.across, found.down) if found and found.unit == "inch" else None


def read_metadata(file: BinaryIO, format: Format, fields: dict[str, Any], tags: Folder) -> tuple[Metadata, list[str]]:
    """From the file itself, and from a libvips image's fields. tags: of a TIFF file.

    Also notes for people on what a new file will not have. Damaged blocks are left out, with a note."""
    read = {"jpeg": _of_jpeg, "png": _of_png, "tiff": _of_tiff, "webp": _of_webp}[format]
    metadata, notes = read(file, fields, tags)
    exif = metadata.exif.removeprefix(EXIF_HEAD) if metadata.exif else None
    return replace(metadata, exif=exif or None, icc=fields.get("icc-profile-data") or metadata.icc), notes


def _of_jpeg(file: BinaryIO, fields: dict[str, Any], tags: Folder) -> tuple[Metadata, list[str]]:
    notes: list[str] = []
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        found = read_segments(mapped)
    if found.pictures:
        notes.append("further pictures inside the JPEG file (gain map, depth, preview) are not kept")
    if found.trailer:
        what = (
            "a video" if found.trailer[4:8] == b"ftyp" else "a picture" if found.trailer[:2] == b"\xff\xd8" else "data"
        )
        notes.append(f"{what} that follows the image in the JPEG file is not kept")
    if found.icc and "icc-profile-data" not in fields:
        notes.append(_NO_PROFILE)
    if found.lost:
        notes.append(f"these parts of the JPEG file are not kept: {', '.join(found.lost)}")
    xmp = found.xmp
    if xmp and found.xmp_extension:
        try:
            xmp = xmp_packets.read(xmp, found.xmp_extension)
        except ValueError:
            notes.append("the extended XMP of the JPEG file is damaged and is not kept")
    resolution = None
    if found.density and min(found.density[:2]) > 0:
        across, down, unit = found.density
        if unit in (1, 2):
            resolution = Resolution(across * (2.54 if unit == 2 else 1), down * (2.54 if unit == 2 else 1))
        elif unit == 0 and across != down:
            resolution = Resolution(across, down, "none")
    return Metadata(
        exif=found.exif, xmp=xmp, photoshop=found.photoshop, resolution=resolution, comments=found.comments
    ), notes


def _of_png(file: BinaryIO, fields: dict[str, Any], tags: Folder) -> tuple[Metadata, list[str]]:
    found = read_chunks(file)
    notes = [f"these parts of the PNG file are not kept: {', '.join(found.lost)}"] if found.lost else []
    if found.has_icc and "icc-profile-data" not in fields:
        notes.append(_NO_PROFILE)
    resolution = None
    if found.density and min(found.density[:2]) > 0:
        across, down, unit = found.density
        if unit == 1:
            resolution = Resolution(across * _INCH, down * _INCH)
        elif across != down:
            resolution = Resolution(across, down, "none")
    photoshop = (found.photoshop or b"").removeprefix(PHOTOSHOP_HEAD)
    if photoshop.startswith(b"\x1c"):
        photoshop = photoshop_resources.with_iptc(b"", photoshop)
    return Metadata(found.icc, found.exif, found.xmp, photoshop or None, resolution, chunks=found.kept), notes


def _of_tiff(file: BinaryIO, fields: dict[str, Any], tags: Folder) -> tuple[Metadata, list[str]]:
    notes: list[str] = []
    exif = photoshop = resolution = None
    if tags:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as block:
            described, notes = exif_blocks.descriptive(block)
        exif = exif_blocks.block_of(described) if described else None
        iptc = exif_blocks.bytes_of(tags, exif_blocks.IPTC)
        if iptc[3:4] == b"\x1c":  # stored as numbers of the other byte order
            iptc = b"".join(iptc[at : at + 4][::-1] for at in range(0, len(iptc), 4))
        photoshop = photoshop_resources.with_iptc(exif_blocks.bytes_of(tags, exif_blocks.PHOTOSHOP), iptc)
        across, down = (exif_blocks.fraction(tags, tag) for tag in _RESOLUTION[:2])
        unit = (*exif_blocks.numbers(tags, _RESOLUTION[2]), 2)[0]
        if across > 0 and down > 0 and unit in (2, 3):
            resolution = Resolution(across * (2.54 if unit == 3 else 1), down * (2.54 if unit == 3 else 1))
        elif across > 0 and down > 0 and across != down:
            resolution = Resolution(across, down, "none")
        if others := exif_blocks.other_tags(tags):
            notes.append(f"these tags of the TIFF file are not kept: {', '.join(map(str, others))}")
    return Metadata(exif=exif, xmp=fields.get("xmp-data"), photoshop=photoshop or None, resolution=resolution), notes


def _of_webp(file: BinaryIO, fields: dict[str, Any], tags: Folder) -> tuple[Metadata, list[str]]:
    return Metadata(exif=fields.get("exif-data"), xmp=fields.get("xmp-data")), []


def cleaned(metadata: Metadata, orientation: int, upright: bool) -> tuple[Metadata, list[str]]:
    """The metadata without thumbnails and previews, which show the old face, and without what they promise of other
    pictures in the file. Also notes for people.

    orientation: 1…8, EXIF's; upright: whether the pixels no longer need to be rotated"""
    notes: list[str] = []
    exif, xmp, resolution = metadata.exif, metadata.xmp, metadata.resolution
    swapped = upright and orientation >= 5
    if exif:
        block = exif_blocks.cleaned(exif, orientation, upright)
        exif = block.block
        notes += block.notes
    if xmp:
        packet = xmp_packets.cleaned(xmp, upright and orientation > 1, swapped)
        xmp = packet.packet
        notes += packet.notes
    photoshop = photoshop_resources.cleaned(metadata.photoshop) if metadata.photoshop else None
    if swapped and resolution:
        resolution = resolution.turned()
    return replace(metadata, exif=exif, xmp=xmp, photoshop=photoshop, resolution=resolution), notes


def declared(metadata: Metadata) -> tuple[Metadata, list[str]]:
    """The metadata with the declaration that a trained algorithm edited the image, and notes for people."""
    packet = xmp_packets.declared(metadata.xmp)
    return replace(metadata, xmp=packet.packet), list(packet.notes)


def fitted(metadata: Metadata, source: Format, target: Format) -> tuple[Metadata, list[str]]:
    """What another format has room for, and notes for people on the rest."""
    notes: list[str] = []
    if source == target:
        return metadata, notes
    if metadata.photoshop and target == "webp":
        notes.append(f"the older IPTC fields of the {NAMES[source]} file are not kept in {NAMES[target]}")
    if metadata.comments:
        notes.append(f"the comment of the JPEG file is not kept in {NAMES[target]}")
    texts = dict.fromkeys(text[0] for chunk in metadata.chunks if (text := text_of(chunk)))
    others = dict.fromkeys(chunk[0].decode() for chunk in metadata.chunks if chunk[0] in (b"tIME", b"bKGD"))
    if texts:
        notes.append(f"the texts of the PNG file ({', '.join(texts)}) are not kept in {NAMES[target]}")
    if others:
        notes.append(f"these parts of the PNG file are not kept: {', '.join(others)}")
    return replace(metadata, comments=(), chunks=()), notes
