"""Reads the source of an edit from GIMP: a layer's pixels around the selection, and its stored edit."""

from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import OpenRegion, Picture
from gi.repository import Gimp

from anycost_gimp.image.babl_formats import Format, sent
from anycost_gimp.image.layer import Layer, Source
from anycost_gimp.image.parasites import is_edit, source_of, stored_with
from anycost_gimp.image.pixels import read
from anycost_gimp.image.preview_layer import all_layers, is_preview
from anycost_gimp.image.text import tr


def layers_of(image: Any, drawables: list[Any]) -> list[Any]:
    """Those to be edited. Raises ClientError where there is none, and for images that have too few colours."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise ClientError(tr("an indexed image has too few colours for a face"), tr("choose Image > Mode > RGB first"))
    found: list[Any] = []
    for drawable in drawables:
        layer = Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable
        if isinstance(layer, Gimp.Layer) and layer not in found:
            found.append(layer)
    if not found:
        raise ClientError(tr("no layer is selected"), tr("select one in the Layers dialog"))
    return found


def reading(image: Any, edited: Layer) -> Steps[Source]:
    """Raises ClientError where there is nothing to edit, or too much."""
    layer, edit = edited.item, (yield from stored_with(edited.item))
    if edit is not None:
        layer = source_of(image, edit)
        if layer is None:
            raise ClientError(
                tr("the layer from which this edit was made is gone"),
                tr("bring it back with undo, or edit another layer"),
            )
    area, selected = _area(image, layer, edit)
    picture = yield from _picture(image, layer, area)
    mask: bytes | bytearray | None = edit.selection if edit else None
    if selected:
        _, x, y = layer.get_offsets()
        mask = yield from read(image.get_selection().get_buffer(), area.moved(x, y), "Y u8")
    region = OpenRegion(
        image=picture,
        rectangle=area.rectangle,
        selection=None if mask is None else Picture.packed(area.width, area.height, 1, mask),
    )
    return Source(
        Layer.of(layer),
        region,
        edit.record if edit else None,
        edited if edit else None,
        _warning(layer),
    )


def looking_at(image: Any, looked_at: Layer) -> Steps[OpenRegion]:
    """All of a layer, whatever is selected. Raises ClientError."""
    layer = looked_at.item
    if not layer.is_valid():
        raise ClientError(tr("the layer is gone"), tr("bring it back with undo, or choose another"))
    area = Area(0, 0, layer.get_width(), layer.get_height())
    return OpenRegion(image=(yield from _picture(image, layer, area)), rectangle=area.rectangle)


def choices(image: Any) -> list[Layer]:
    """Layers whose faces can be looked at, from the top: no edits, no previews, nothing hidden."""
    found = []
    for layer in all_layers(image.get_layers()):
        if layer.get_visible() and not layer.is_group() and not is_edit(layer) and not is_preview(layer):
            found.append(Layer.of(layer))
    return found


def face_across(image: Any) -> float:
    """Where the face is likely to be, 0 (the image's left edge) to 1: in the selection, else in the middle."""
    _, selected, left, _, right, _ = Gimp.Selection.bounds(image)
    return (left + right) / 2 / image.get_width() if selected else 0.5


def format_of(image: Any) -> Format:
    """In which the image's pixels are sent."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    profile = image.get_effective_color_profile()
    srgb = Gimp.ColorProfile.new_d65_gray_srgb_trc() if grey else Gimp.ColorProfile.new_rgb_srgb()
    return sent(grey, image.get_precision().value_nick, profile is None or profile.is_equal(srgb))


def _warning(layer: Any) -> str:
    parent = layer.get_parent()
    while parent is not None:
        if not parent.get_visible():
            return tr("The layer's group is hidden, and so will be the edit.")
        parent = parent.get_parent()
    if not layer.get_visible():
        return tr("The layer is hidden: the edit will be seen, the layer not.")
    return ""


def _with_filters(layer: Any) -> Any:
    """The layer, or a copy whose pixels are as its filters show them: what lies above them has to fit to that."""
    if not any(effect.get_visible() for effect in layer.get_filters()):
        return layer
    copy = layer.copy()
    copy.set_lock_content(False)
    copy.merge_filters()
    return copy


def _picture(image: Any, layer: Any, area: Area) -> Steps[Picture]:
    """Raises ClientError where it is too large."""
    format = format_of(image)
    area.check_fits(format.pixel_bytes, tr)
    shown = _with_filters(layer)
    try:
        _, x, y = layer.get_offsets()
        _, left, top = shown.get_offsets()
        pixels = yield from read(shown.get_buffer(), area.moved(x - left, y - top), format.babl)
    finally:
        if shown is not layer:
            shown.delete()
    return Picture.packed(area.width, area.height, format.channels, pixels, format.bit_depth)


def _area(image: Any, layer: Any, edit: StoredEdit | None) -> tuple[Area, bool]:
    """The area to read, and whether the present selection applies."""
    whole = Area(0, 0, layer.get_width(), layer.get_height())
    if edit is not None:
        area = edit.area.cut(whole)
        if area != edit.area:
            raise ClientError(
                tr("the layer from which this edit was made has another size now"), tr("edit that layer anew")
            )
        return area, False
    if Gimp.Selection.is_empty(image):
        return whole, False
    inside, x, y, width, height = layer.mask_intersect()
    if not inside or width < 1 or height < 1:
        raise ClientError(tr("the selection lies beside the layer"), tr("select a face, or nothing"))
    return Area(x, y, width, height).grown().cut(whole), True
