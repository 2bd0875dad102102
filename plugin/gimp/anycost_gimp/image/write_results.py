"""Writes a result into the image: one layer above the source, or in the place of the earlier edit; one step to undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import Picture
from gi.repository import Gegl, Gimp

from anycost_gimp.image.babl_formats import Format, packed
from anycost_gimp.image.layer import Layer, Source, area_of, replaced_item
from anycost_gimp.image.parasites import MAX_BYTES, keep, source_name
from anycost_gimp.image.text import tr


@contextmanager
def one_step(image: Any) -> Iterator[None]:
    """To undo."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
        Gimp.displays_flush()


def add(image: Any, source: Source, result: EditResult) -> Layer:
    """The new layer. Raises ClientError when the source is gone."""
    picture, where, edited, area = result.edited.picture, result.edited.rectangle, source.layer.item, area_of(source)
    if picture is None or (picture.width, picture.height) != (where.width, where.height):
        raise ClientError(tr("the result does not fit the layer"), tr("report this"))
    if not image.is_valid() or not edited.is_valid() or image.get_item_position(edited) < 0:
        raise ClientError(tr("the layer that was edited is gone"), tr("bring it back with undo, then try again"))
    old = replaced_item(source)
    beneath = old or edited
    selection = source.region.selection
    mask = None if selection is None else bytes(selection.data)
    packed_edit = StoredEdit(source_name(edited), area, mask, result.record).to_bytes(MAX_BYTES)
    _, x, y = edited.get_offsets()
    with one_step(image):
        layer = new_layer(image, tr("Face: {edit}", edit=result.title), picture)
        layer.set_opacity(beneath.get_opacity())
        keep(layer, packed_edit)
        if old is not None and old.get_mode() != layer.get_mode():
            layer.set_mode(old.get_mode())  # which sets the spaces anew
            layer.set_visible(old.get_visible())
        insert_above(image, layer, beneath)
        layer.set_offsets(x + area.x + where.x, y + area.y + where.y)
        if old is not None:
            image.remove_layer(old)
    return Layer.of(layer)


def new_layer(image: Any, name: str, picture: Picture) -> Any:
    """Makes a layer that is not in the image yet. picture: with an alpha channel."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, picture.width, picture.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    perceptual = Gimp.LayerColorSpace.RGB_PERCEPTUAL  # soft edges as the backend meant them: GIMP's own is linear light
    layer.set_blend_space(perceptual)
    layer.set_composite_space(perceptual)
    write(layer, picture)
    return layer


def write(layer: Any, picture: Picture) -> None:
    """All of the layer's pixels."""
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, picture.width, picture.height), Format.of(picture).babl, packed(picture))
    buffer.flush()
    layer.update(0, 0, picture.width, picture.height)


def insert_above(image: Any, layer: Any, beneath: Any) -> None:
    """Raises ClientError."""
    if not image.insert_layer(layer, beneath.get_parent(), image.get_item_position(beneath)):
        raise ClientError(tr("GIMP did not take the new layer"), tr("unlock the group it belongs to, then try again"))
