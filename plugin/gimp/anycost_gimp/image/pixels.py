"""Reads and writes pixels of layers and masks."""

from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Picture
from gi.repository import Gegl

from anycost_gimp.image.babl_formats import Format, packed

_STRIP = 1_000_000  # pixels that are read at a time: some milliseconds
_MASK = "Y float"  # GIMP keeps masks in linear light


def read(buffer: Any, area: Area, babl: str) -> Steps[bytearray]:
    pixels = bytearray()
    for strip in area.strips(_STRIP):
        pixels += buffer.get(_rectangle(strip), 1.0, babl, Gegl.AbyssPolicy.NONE)
        yield
    return pixels


def write(layer: Any, picture: Picture) -> None:
    """All of the layer's pixels. GIMP keeps no step to undo."""
    _write(layer, Area(0, 0, picture.width, picture.height), packed(picture), Format.of(picture).babl)


def read_mask(layer: Any, area: Area) -> bytes | None:
    """area: in pixels of the layer; beyond it the mask goes on as it is at its edge. None: it has no mask."""
    mask = layer.get_mask()
    if mask is None:
        return None
    return bytes(mask.get_buffer().get(_rectangle(area), 1.0, _MASK, Gegl.AbyssPolicy.CLAMP))


def write_mask(layer: Any, pixels: bytes) -> None:
    """All of its mask, as `read_mask` gives it."""
    _write(layer.get_mask(), Area(0, 0, layer.get_width(), layer.get_height()), pixels, _MASK)


def _write(drawable: Any, area: Area, pixels: bytes, babl: str) -> None:
    buffer = drawable.get_buffer()
    buffer.set(_rectangle(area), babl, pixels)
    buffer.flush()
    drawable.update(area.x, area.y, area.width, area.height)


def _rectangle(area: Area) -> Any:
    return Gegl.Rectangle.new(area.x, area.y, area.width, area.height)
