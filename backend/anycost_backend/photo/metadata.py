"""Metadata of image files: read, cleaned of thumbnails of the old face, marked as edited."""

import contextlib
import io
import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Any

from anycost_backend.photo import exif as exif_blocks

EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_XMP = "adobe:ns:meta/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{}\n<?xpacket end="w"?>'


@dataclass(frozen=True)
class Metadata:
    """Each block in the form that the formats share; None if there is none."""

    icc: bytes | None = None
    exif: bytes | None = None  # a TIFF structure, without the "Exif" that JPEG puts before it
    xmp: bytes | None = None
    photoshop: bytes | None = None  # JPEG's APP13, which holds the older IPTC fields
    dpi: tuple[float, float] | None = None  # along the stored image's width and height
    texts: tuple[tuple[str, str], ...] = ()  # PNG's key and text


def read_metadata(fields: dict[str, Any], exif_of_tiff: bytes | None, texts: tuple[tuple[str, str], ...]) -> Metadata:
    """From the fields of a libvips image, which has no EXIF of TIFF files and only half of PNG's texts."""
    exif = fields.get("exif-data") or exif_of_tiff
    dpi = (fields["xres"] * 25.4, fields["yres"] * 25.4)
    given = (fields["xres"], fields["yres"]) != (1, 1)  # libvips' value for "unknown"
    return Metadata(
        icc=fields.get("icc-profile-data"),
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,
        xmp=fields.get("xmp-data"),
        photoshop=fields.get("iptc-data") if fields.get("vips-loader", "").startswith("jpeg") else None,
        dpi=dpi if given and all(1 <= value <= 65000 for value in dpi) else None,
        texts=texts,
    )


def cleaned(metadata: Metadata, orientation: int, upright: bool) -> Metadata:
    """The metadata without thumbnails, which show the old face.

    orientation: 1…8, EXIF's; upright: whether the pixels no longer need to be rotated"""
    exif, dpi = metadata.exif, metadata.dpi
    if exif:
        exif = exif_blocks.cleaned(exif, orientation, upright)
    if upright and orientation >= 5 and dpi:
        dpi = dpi[::-1]
    return replace(metadata, exif=exif, photoshop=_without_thumbnails(metadata.photoshop), dpi=dpi)


def declared(xmp: bytes | None) -> bytes:
    """The XMP packet with the declaration that a trained algorithm edited the image. Damaged XMP is replaced."""
    root = _parsed(xmp)
    sheet = None if root is None else next(root.iter(f"{{{_RDF}}}RDF"), None)
    if root is None or sheet is None:
        root = ET.Element(f"{{{_XMP}}}xmpmeta")
        sheet = ET.SubElement(root, f"{{{_RDF}}}RDF")
    field = f"{{{_IPTC}}}DigitalSourceType"
    for description in sheet.findall(f"{{{_RDF}}}Description"):
        description.attrib.pop(field, None)
        for old in description.findall(field):
            description.remove(old)
    first = sheet.find(f"{{{_RDF}}}Description")
    if first is None:
        first = ET.SubElement(sheet, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    ET.SubElement(first, field).text = EDITED
    for prefix, uri in (("x", _XMP), ("rdf", _RDF), ("Iptc4xmpExt", _IPTC)):
        ET.register_namespace(prefix, uri)
    return _PACKET.format(ET.tostring(root, encoding="unicode")).encode()


def _without_thumbnails(photoshop: bytes | None) -> bytes | None:
    """Photoshop's block without resources 1033 and 1036, the thumbnails. None when it cannot be parsed."""
    head = b"Photoshop 3.0\0"
    if not photoshop or not photoshop.startswith(head):
        return None
    kept, at = head, len(head)
    while photoshop[at : at + 4] == b"8BIM" and at + 12 <= len(photoshop):
        name = photoshop[at + 6] + 1
        length_at = at + 6 + name + name % 2
        (length,) = struct.unpack(">I", photoshop[length_at : length_at + 4].rjust(4, b"\0"))
        end = length_at + 4 + length + length % 2
        if struct.unpack_from(">H", photoshop, at + 4)[0] not in (1033, 1036):
            kept += photoshop[at:end]
        at = end
    return kept if kept != head else None


def _parsed(xmp: bytes | None) -> ET.Element | None:
    """The packet's root; registers the prefixes that its author chose. None when it cannot be parsed."""
    if not xmp:
        return None
    try:
        events: Any = ET.iterparse(io.BytesIO(xmp.strip(b"\0 \r\n\t")), ("start-ns", "end"))
        for event, value in events:
            if event == "start-ns" and value[0]:
                with contextlib.suppress(ValueError):  # prefixes like ns0 are the library's
                    ET.register_namespace(*value)
        root: ET.Element = events.root
        return root
    except (ET.ParseError, ValueError, LookupError):
        return None
