"""XMP packets: read though they are not quite XML, kept, cleaned of what is no longer true, marked as edited."""

import base64
import contextlib
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_META = "adobe:ns:meta/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_EXTENSION = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"
_SOURCE_TYPE = f"{{{_IPTC}}}DigitalSourceType"
_PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{}\n<?xpacket end="w"?>'
_KNOWN = {"x": _META, "rdf": _RDF, "Iptc4xmpExt": _IPTC, "tiff": _TIFF, "exif": _EXIF}
_KNOWN |= {"xmpNote": "http://ns.adobe.com/xmp/note/"}

# Properties that point to a video, a gain map or a depth map behind the image, which a new file does not have.
_GOOGLE = "{http://ns.google.com/photos/1.0/"
_PROMISES = (
    f"{_GOOGLE}camera/}}MotionPhoto",
    f"{_GOOGLE}camera/}}MicroVideo",
    f"{_GOOGLE}container/}}",
    f"{_GOOGLE}depthmap/}}",
    f"{_GOOGLE}image/}}",
    f"{_GOOGLE}audio/}}",
    "{http://ns.google.com/photos/dd/1.0/",
    "{http://ns.adobe.com/hdr-gain-map/1.0/}",
    "{http://ns.apple.com/HDRGainMap/1.0/}",
    "{http://ns.apple.com/pixeldatainfo/1.0/}",
)
_PICTURE = re.compile(r"\s*(/9j/|iVBORw0KGgo|UklGR|AAAA.{4}ZnR5c)")  # JPEG, PNG, WebP and HEIF in base 64
_ENTITY = re.compile(r"&(?!(?:[A-Za-z]\w*|#\d+|#x[0-9A-Fa-f]+);)")
_CONTROLS = r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
_FORBIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|{_CONTROLS}")
_BASE64_PICTURE = re.compile(rb"(?:/9j/|iVBORw0KGgo)(?:[A-Za-z0-9+/=\s]|&#x?[aA0-9]+;){200,}")


@dataclass(frozen=True)
class CleanedXmp:
    packet: bytes | None
    notes: tuple[str, ...] = ()  # for people, on what it no longer has


def read(xmp: bytes, extension: bytes | None = None) -> bytes:
    """The packet with what its extension holds; as it is where one of them cannot be read.

    Raises ValueError when there is an extension that cannot be joined."""
    if extension is None:
        return xmp
    root, more = _parsed(xmp), _parsed(extension)
    sheet, further = _sheet(root), _sheet(more)
    if root is None or sheet is None or further is None:
        raise ValueError("an extension that cannot be read")
    for description in further.findall(f"{{{_RDF}}}Description"):
        sheet.append(description)
    return _serialised(root)


def cleaned(xmp: bytes, upright: bool, swapped: bool) -> CleanedXmp:
    """Without thumbnails, which show the old face, and what points to pictures that a new file does not have.

    upright: whether the pixels no longer need to be rotated; swapped: whether width and height have changed places.
    A packet that cannot be read stays as it is, unless it holds a picture."""
    root = _parsed(xmp)
    if root is None:
        return _cleaned_text(xmp)
    notes = list[str]()
    changed = _drop(root, lambda name, _: name == _EXTENSION)
    if _drop(root, lambda name, text: "Thumbnails" in name or bool(_PICTURE.match(text[:40]) and _is_picture(text))):
        changed = True
    if _drop(root, lambda name, _: name.startswith(_PROMISES)):
        changed = True
        notes.append("what the metadata say of a motion photo, a gain map or a depth map is not kept, as these are not")
    if upright:
        changed |= _set(root, f"{{{_TIFF}}}Orientation", lambda old: "1")
    if swapped:
        for space, width, height in (
            (_TIFF, "ImageWidth", "ImageLength"),
            (_EXIF, "PixelXDimension", "PixelYDimension"),
        ):
            changed |= _swap(root, f"{{{space}}}{width}", f"{{{space}}}{height}")
    return CleanedXmp(_serialised(root) if changed or _needs_repair(xmp) else xmp, tuple(notes))


def declared(xmp: bytes | None) -> CleanedXmp:
    """The packet with the declaration that a trained algorithm edited the image.

    One that cannot be read takes it as text, or, where there is no place for it, stays as it is."""
    root = _parsed(xmp)
    sheet = _sheet(root)
    if root is None and xmp and (b"rdf:" in xmp or b"xmpmeta" in xmp):
        field = f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_IPTC}"><Iptc4xmpExt:DigitalSourceType>{EDITED}'
        field += "</Iptc4xmpExt:DigitalSourceType></rdf:Description>"
        at = xmp.rfind(b"</rdf:RDF>")
        if EDITED.encode() in xmp:
            return CleanedXmp(xmp)
        if at < 0:
            return CleanedXmp(xmp, ("the XMP is damaged: it is kept as it is, and the edit is not declared in it",))
        return CleanedXmp(xmp[:at] + field.encode() + xmp[at:])
    notes = ("the XMP is damaged beyond reading and is replaced",) if xmp and root is None else ()
    if root is None or sheet is None:
        root = ET.Element(f"{{{_META}}}xmpmeta")
        sheet = ET.SubElement(root, f"{{{_RDF}}}RDF")
    _drop(root, lambda name, _: name == _SOURCE_TYPE)
    first = sheet.find(f"{{{_RDF}}}Description")
    if first is None:
        first = ET.SubElement(sheet, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    ET.SubElement(first, _SOURCE_TYPE).text = EDITED
    return CleanedXmp(_serialised(root), notes)


def split(xmp: bytes, limit: int, digest: Any) -> tuple[bytes, bytes | None]:
    """A packet of at most `limit` bytes, and the extension with the rest, which the packet announces by its `digest`.

    Raises ValueError when it cannot be split."""
    if len(xmp) <= limit:
        return xmp, None
    root = _parsed(xmp)
    sheet = _sheet(root)
    if root is None or sheet is None:
        raise ValueError("XMP that is too long and cannot be read")
    properties = [(description, item) for description in sheet for item in _properties(description)]
    properties.sort(key=lambda pair: -len(ET.tostring(_alone(*pair))))
    moved = ET.Element(f"{{{_RDF}}}RDF")
    home = ET.SubElement(moved, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    note = ET.SubElement(sheet, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": "", _EXTENSION: "0" * 32})
    for description, item in properties:
        home.append(_alone(description, item)[0])
        if isinstance(item, str):
            del description.attrib[item]
        else:
            description.remove(item)
        packet = _serialised(root)
        if len(packet) <= limit:
            outer = ET.Element(f"{{{_META}}}xmpmeta")
            outer.append(moved)
            extension = ET.tostring(outer, encoding="unicode").encode()
            note.set(_EXTENSION, digest(extension))
            return _serialised(root), extension
    raise ValueError("XMP that is too long")


def _properties(description: ET.Element) -> list[Any]:
    names = [name for name in description.attrib if not name.startswith(f"{{{_RDF}}}")]
    kept = {_SOURCE_TYPE, f"{{{_TIFF}}}Orientation"}
    return [name for name in names if name not in kept] + [item for item in description if item.tag not in kept]


def _alone(description: ET.Element, item: Any) -> ET.Element:
    """A description with one property of another, which is an element or an attribute's name."""
    alone = ET.Element(description.tag)
    if isinstance(item, str):
        ET.SubElement(alone, item).text = description.attrib[item]
    else:
        alone.append(item)
    return alone


def _drop(root: ET.Element, unwanted: Any) -> bool:
    """Drops properties, by name and text; whether there were any."""
    dropped = False
    for element in list(root.iter()):
        for name, text in list(element.attrib.items()):
            if unwanted(name, text):
                del element.attrib[name]
                dropped = True
        for child in list(element):
            if unwanted(child.tag, child.text or ""):
                element.remove(child)
                dropped = True
    return dropped


def _set(root: ET.Element, name: str, change: Any) -> bool:
    """Changes a property wherever it stands; whether any did."""
    changed = False
    for element in root.iter():
        if name in element.attrib and element.attrib[name] != change(element.attrib[name]):
            element.attrib[name] = change(element.attrib[name])
            changed = True
        if element.tag == name and element.text != change(element.text):
            element.text = change(element.text)
            changed = True
    return changed


def _swap(root: ET.Element, one: str, other: str) -> bool:
    values = {
        name: element.attrib.get(name) or element.text
        for element in root.iter()
        for name in (one, other)
        if name in element.attrib or element.tag == name
    }
    if len(values) < 2:
        return False
    return _set(root, one, lambda _: values[other]) | _set(root, other, lambda _: values[one])


def _is_picture(text: str) -> bool:
    head = "".join(text[:4000].split())
    with contextlib.suppress(ValueError):
        data = base64.b64decode(head[: len(head) // 4 * 4])
        return len(data) > 64 and data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"\0\0\0"))
    return False


def _cleaned_text(xmp: bytes) -> CleanedXmp:
    """Of a packet that cannot be read: without the base 64 of pictures."""
    return CleanedXmp(_BASE64_PICTURE.sub(b"", xmp))


def _needs_repair(xmp: bytes) -> bool:
    try:
        ET.fromstring(xmp.strip(b"\0 \r\n\t"))
        return False
    except (ET.ParseError, ValueError, LookupError):
        return True


def _sheet(root: ET.Element | None) -> ET.Element | None:
    return None if root is None else next(root.iter(f"{{{_RDF}}}RDF"), None)


def _serialised(root: ET.Element) -> bytes:
    for prefix, uri in _KNOWN.items():
        ET.register_namespace(prefix, uri)
    return _PACKET.format(ET.tostring(root, encoding="unicode")).encode()


def _parsed(xmp: bytes | None) -> ET.Element | None:
    """The packet's root; registers the prefixes that its author chose. None when it cannot be read or repaired."""
    if not xmp:
        return None
    for text in (xmp.strip(b"\0 \r\n\t"), _repaired(xmp)):
        with contextlib.suppress(ET.ParseError, ValueError, LookupError):
            events: Any = ET.iterparse(io.BytesIO(text), ("start-ns", "end"))
            for event, value in events:
                if event == "start-ns" and value[0]:
                    with contextlib.suppress(ValueError):  # prefixes like ns0 are the library's
                        ET.register_namespace(*value)
            root: ET.Element = events.root
            return root
    return None


def _repaired(xmp: bytes) -> bytes:
    """The element of a packet alone, in UTF-8, with only characters that XML allows."""
    encoding = next((name for bom, name in _ENCODINGS.items() if xmp.startswith(bom)), None)
    if encoding is None:
        encoding = "utf-16-be" if xmp[:2] == b"\0<" else "utf-16-le" if xmp[:2] == b"<\0" else "utf-8"
    text = xmp.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    text = re.sub("[\udc80-\udcff]", lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)
    text = _ENTITY.sub("&amp;", _FORBIDDEN.sub("", text))
    for name in ("x:xmpmeta", "x:xapmeta", "rdf:RDF"):
        start, end = text.find(f"<{name}"), text.rfind(f"</{name}>")
        if 0 <= start < end:
            return text[start : end + len(name) + 3].encode()
    return text[max(text.find("<"), 0) :].encode()


_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
