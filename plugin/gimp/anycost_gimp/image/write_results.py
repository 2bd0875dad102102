"""Writes a result into the image: one layer above the source, or other pixels in the earlier edit; one step to undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anycost_client.core.cooperative import at_once
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import Picture
from gi.repository import Gimp

from anycost_gimp.image.blending import grouped, insert, place_above
from anycost_gimp.image.layer import Layer, Source, area_of, replaced_item
from anycost_gimp.image.locks import unlocked
from anycost_gimp.image.painted import digest
from anycost_gimp.image.parasites import MAX_BYTES, keep, source_name
from anycost_gimp.image.pixels import read_mask, write, write_mask
from anycost_gimp.image.text import attribute_labels, tr


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
    """The new or the updated layer. Raises ClientError when the source is gone."""
    picture, where, edited, area = result.edited.picture, result.edited.rectangle, source.layer.item, area_of(source)
    if picture is None or (picture.width, picture.height) != (where.width, where.height):
        raise ClientError(tr("the result does not fit the layer"), tr("report this"))
    if not image.is_valid() or not edited.is_valid() or image.get_item_position(edited) < 0:
        raise ClientError(tr("the layer that was edited is gone"), tr("bring it back with undo, then try again"))
    old, name = replaced_item(source), tr("Face: {edit}", edit=result.title)
    if old is not None and image.get_item_position(old) < 0:  # it was deleted meanwhile
        old = None
    _, x, y = edited.get_offsets()
    place = Area(x + area.x + where.x, y + area.y + where.y, picture.width, picture.height)
    with one_step(image):
        if old is not None:
            layer = old
            with unlocked(layer):
                _update(layer, picture, place)
                if _is_our_name(layer.get_name(), source.record):
                    layer.set_name(name)
        else:
            layer = new_layer(image, name, picture)
            grouped(image, edited)
            insert(image, layer, place_above(image, edited))
            layer.set_offsets(place.x, place.y)
            layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))  # to brush the effect away, or back
        selection, written = source.region.selection, at_once(digest(layer))
        mask = None if selection is None else bytes(selection.data)
        stored = StoredEdit(source_name(edited), area, mask, result.record, written=written)
        keep(layer, stored.to_bytes(MAX_BYTES))
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


def _update(layer: Any, picture: Picture, place: Area) -> None:
    """Other pixels in the same layer, so that all else stays: mask, filters, blending, its place among others.

    Raises ClientError, and has changed nothing then."""
    _, left, top = layer.get_offsets()
    mask = read_mask(layer, place.moved(-left, -top))
    # Resizing is what keeps the former pixels for undo, and does nothing where the size is the same.
    same = (layer.get_width(), layer.get_height(), left, top) == (place.width, place.height, place.x, place.y)
    if same:
        layer.resize(place.width + 1, place.height, 0, 0)
    if not layer.resize(place.width, place.height, left - place.x, top - place.y):
        raise ClientError(tr("GIMP did not take the new layer"), tr("unlock the group it belongs to, then try again"))
    write(layer, picture)
    if mask is not None:
        write_mask(layer, mask)


def _is_our_name(name: str, record: EditRecord | None) -> bool:
    """Whether it tells the strengths before this edit; GIMP adds a number to names that are there twice."""
    if record is None:
        return False
    ours = tr("Face: {edit}", edit=attribute_labels.title_of(record))
    return name == ours or (name.startswith(f"{ours} #") and name[len(ours) + 2 :].isdecimal())
