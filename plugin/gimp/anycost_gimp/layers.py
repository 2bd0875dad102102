"""Reads what is to be edited from GIMP: a layer's pixels within the selection's reach, and the edit stored with it."""

from collections.abc import Generator
from typing import Any, TypeVar

from anycost_client.errors import ClientError
from anycost_client.messages import OpenRegion, Picture
from gi.repository import Gegl, Gimp

from anycost_gimp.areas import Area
from anycost_gimp.formats import Format, sent
from anycost_gimp.source import Source
from anycost_gimp.stored import PARASITE, Stored
from anycost_gimp.text import tr

MOST_PIXELS = 64_000_000  # of a region
MOST_BYTES = 512 << 20

T = TypeVar("T")
Work = Generator[float, None, T]  # yields the fraction that is done whenever a window may have its turn


def done(work: Work[T]) -> T:
    """At one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def layers_of(image: Any, drawables: list[Any]) -> list[Any]:
    """Those to be edited. Raises ClientError where there is none, and for images that have too few colours."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise ClientError(tr("an indexed image has too few colours for a face: choose Image > Mode > RGB first"))
    found: list[Any] = []
    for drawable in drawables:
        layer = Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable
        if isinstance(layer, Gimp.Layer) and layer not in found:
            found.append(layer)
    if not found:
        raise ClientError(tr("no layer is selected: select one in the Layers dialog"))
    return found


def reading(image: Any, layer: Any) -> Work[Source]:
    """Raises ClientError where there is nothing to edit, or too much."""
    edited, edit = layer, stored_with(layer)
    if edit is not None:
        layer = image.get_layer_by_tattoo(edit.source)
        if layer is None:
            raise ClientError(
                tr("the layer from which this edit was made is gone: bring it back with undo, or edit another layer")
            )
    area, selected = _area(image, layer, edit)
    format = format_of(image)
    _check_size(area, format)
    pixels = bytearray()
    buffer = layer.get_buffer()
    for strip in area.strips():
        pixels += pixels_of(buffer, strip, format.babl)
        yield len(pixels) / (area.pixels * format.pixel_bytes)
    mask = edit.selection if edit else None
    if selected:
        _, x, y = layer.get_offsets()
        mask = pixels_of(image.get_selection().get_buffer(), area.moved(x, y), "Y u8")
    region = OpenRegion(
        image=Picture.packed(area.width, area.height, format.channels, pixels, format.bit_depth),
        rectangle=area.rectangle,
        selection=None if mask is None else Picture.packed(area.width, area.height, 1, mask),
    )
    return Source(
        layer,
        str(layer.get_name()),
        area,
        region,
        edit.record if edit else None,
        edited if edit else None,
        "" if layer.get_visible() else tr("The layer is hidden: the edit will be seen, the layer not."),
    )


def stored_with(layer: Any) -> Stored | None:
    """None for a layer that is no edit of ours. Raises ClientError for one that cannot be read."""
    parasite = layer.get_parasite(PARASITE)
    return None if parasite is None else Stored.from_bytes(bytes(parasite.get_data()))


def format_of(image: Any) -> Format:
    """In which the image's pixels are sent."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    profile = image.get_effective_color_profile()
    srgb = Gimp.ColorProfile.new_d65_gray_srgb_trc() if grey else Gimp.ColorProfile.new_rgb_srgb()
    return sent(grey, image.get_precision().value_nick, profile is None or profile.is_equal(srgb))


def pixels_of(buffer: Any, area: Area, babl: str) -> bytes:
    rectangle = Gegl.Rectangle.new(area.x, area.y, area.width, area.height)
    return bytes(buffer.get(rectangle, 1.0, babl, Gegl.AbyssPolicy.NONE))


def _area(image: Any, layer: Any, edit: Stored | None) -> tuple[Area, bool]:
    """What to read, and whether the present selection holds."""
    whole = Area(0, 0, layer.get_width(), layer.get_height())
    if edit is not None:
        area = edit.area.cut(whole)
        if area != edit.area:
            raise ClientError(tr("the layer from which this edit was made has another size now: edit that layer anew"))
        return area, False
    if Gimp.Selection.is_empty(image):
        return whole, False
    inside, x, y, width, height = layer.mask_intersect()
    if not inside or width < 1 or height < 1:
        raise ClientError(tr("the selection lies beside the layer: select a face, or nothing"))
    return Area(x, y, width, height).grown().cut(whole), True


def _check_size(area: Area, format: Format) -> None:
    if area.pixels > MOST_PIXELS or area.pixels * format.pixel_bytes > MOST_BYTES:
        raise ClientError(
            tr(
                "{megapixels} megapixels are too many to search: select a face with some room around it",
                megapixels=round(area.pixels / 1e6),
            )
        )
