"""Reads and writes the pixels of layers in strips, so that the window stays responsive."""

import hashlib
import re
from collections.abc import Callable, Generator
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Picture

from anycost_krita.document.colour_spaces import ColourSpace, Converter
from anycost_krita.document.layers import Place

_STRIP = 400_000  # pixels read or written at a time: some milliseconds
_CONVERTED = 150_000  # where Krita converts them
_DIGEST = re.compile(r"(-?\d{1,8}) (-?\d{1,8}) (\d{1,6}) (\d{1,6}) [0-9a-f]{64}")
Alive = Callable[[], Place]  # raises HostError when the layer is gone


def strips(area: Area, converted: bool = False) -> list[Area]:
    return area.strips(_CONVERTED if converted else _STRIP)


def read(krita: Any, alive: Alive, area: Area) -> Steps[Picture]:
    """RGBA, in the space that ColourSpace.sent says for the layer's."""
    space = layer_colour_space(alive())
    sent = space.sent
    convert = Converter(krita, space, sent)
    pixels = bytearray()
    try:
        for strip in strips(area, not space.same(sent)):
            raw = grab(alive(), strip)
            pixels += convert(raw, strip.width, strip.height)
            yield
    finally:
        convert.close()
    return Picture.packed(area.width, area.height, 4, pixels, sent.bit_depth)


def grab_selection(selection: Callable[[], Any], area: Area) -> Steps[bytes | None]:
    """One byte for each pixel, soft edges included; None when nothing is selected any more."""
    mask = bytearray()
    for strip in strips(area):
        selected = selection()
        if selected is None:
            return None
        mask += selected.pixelData(strip.x, strip.y, strip.width, strip.height).data()
        yield
    return bytes(mask)


def write(krita: Any, node: Any, picture: Picture, x: int, y: int, space: ColourSpace) -> Steps[None]:
    """`picture` is RGBA in `space`; the node, which is in no document's stack yet, may have another."""
    for raw, strip in converted(krita, picture, x, y, space, ColourSpace.of(node)):
        node.setPixelData(raw, strip.x, strip.y, strip.width, strip.height)
        yield


def converted(
    krita: Any, picture: Picture, x: int, y: int, space: ColourSpace, target: ColourSpace
) -> Generator[tuple[bytes, Area], None, None]:
    """Strips of an RGBA image that lies at x, y: from `space` to `target`."""
    rows = memoryview(picture.data)
    convert = Converter(krita, space, target)
    try:
        for strip in strips(Area(x, y, picture.width, picture.height), not space.same(target)):
            first = (strip.y - y) * picture.stride
            if picture.stride == picture.row_bytes:
                raw = bytes(rows[first : first + strip.height * picture.stride])
            else:
                starts = range(first, first + strip.height * picture.stride, picture.stride)
                raw = b"".join(bytes(rows[start : start + picture.row_bytes]) for start in starts)
            yield convert(raw, strip.width, strip.height), strip
    finally:
        convert.close()


def clear(node: Any, area: Area) -> None:
    """Makes it transparent; a strip at a time."""
    if not area.empty:
        rectangle = (area.x, area.y, area.width, area.height)
        node.setPixelData(bytes(ColourSpace.of(node).pixel_bytes * area.pixels), *rectangle)


def digest(node: Callable[[], Any], area: Area) -> Steps[str]:
    """Of the layer's own pixels in the area, without masks. node: raises HostError when it is gone."""
    hashed = hashlib.sha256()
    for strip in strips(area):
        hashed.update(node().pixelData(strip.x, strip.y, strip.width, strip.height).data())
        yield
    return f"{area.x} {area.y} {area.width} {area.height} {hashed.hexdigest()}"


def digested(text: str) -> Area | None:
    """The area that a digest is of; None for any other text."""
    found = _DIGEST.fullmatch(text)
    return Area(*(int(number) for number in found.groups())) if found else None


def grab(place: Place, area: Area) -> bytes:
    """As it is seen: with its masks, a group with what is in it. Transparent beyond the layer's pixels."""
    node, rectangle = place.node, (area.x, area.y, area.width, area.height)
    if place.time is not None:
        data = node.pixelDataAtTime(*rectangle, place.time)
    elif node.type() == "paintlayer" and not node.childNodes():
        data = node.pixelData(*rectangle)
    else:
        data = node.projectionPixelData(*rectangle)
    return bytes(data.data())


def layer_colour_space(place: Place) -> ColourSpace:
    """A group has its document's."""
    return ColourSpace.of(place.node if place.node.colorModel() else place.document)
