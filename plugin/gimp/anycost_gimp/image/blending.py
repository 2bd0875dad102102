"""Where a new edit goes, so that the sum looks like the source with another face, however the source is blended.

Above a plain layer a normal one is right. Above one that is multiplied, half transparent or masked it is not: both then
go into a group, which takes the source's mode, and in which the edit is clipped to the source."""

from dataclasses import dataclass
from typing import Any

from anycost_client.core.errors import ClientError
from gi.repository import Gimp

from anycost_gimp.image.locks import unlocked
from anycost_gimp.image.parasites import edits_of
from anycost_gimp.image.text import tr

_REMEDY = "unlock the group it belongs to, then try again"


@dataclass(frozen=True)
class Place:
    parent: Any  # Gimp.GroupLayer; None: the image
    position: int  # from the top
    clipped: bool  # to what is below it in its group
    opacity: float  # 0…100


def is_blended(layer: Any) -> bool:
    """Whether a normal layer above it would look otherwise than its own pixels changed. A hidden layer has no look; of
    what passes through a group no layer above it is right, so that it counts as plain."""
    if layer.get_mode() == Gimp.LayerMode.PASS_THROUGH or not layer.get_visible():
        return False
    masked = layer.get_mask() is not None and layer.get_apply_mask()
    return layer.get_mode() != Gimp.LayerMode.NORMAL or layer.get_opacity() < 100 or masked


def needs_group(image: Any, layer: Any) -> bool:
    return is_blended(layer) and not _is_ground(image, layer)


def place_above(image: Any, source: Any) -> Place:
    """Above the source and all older edits of it. Makes no group: see `grouped`."""
    edits = edits_of(source, siblings(image, source))
    top = min(image.get_item_position(item) for item in (source, *edits))
    clipped = is_blended(source) and _is_ground(image, source)
    return Place(source.get_parent(), top, clipped, 100.0 if is_blended(source) else source.get_opacity())


def grouped(image: Any, source: Any) -> None:
    """Puts the source, with older edits of it, into a group, where it needs one. Raises ClientError."""
    if not needs_group(image, source):
        return
    edits = edits_of(source, siblings(image, source))
    group = Gimp.GroupLayer.new(image, tr("{name}: faces", name=source.get_name()))
    insert(image, group, Place(source.get_parent(), image.get_item_position(source), False, 100.0))
    group.set_mode(source.get_mode())
    group.set_blend_space(source.get_blend_space())
    group.set_composite_space(source.get_composite_space())
    group.set_composite_mode(source.get_composite_mode())
    with unlocked(source, *edits):
        for item in (source, *reversed(edits)):
            if not image.reorder_item(item, group, 0):
                if item is source:
                    image.remove_layer(group)
                raise ClientError(tr("GIMP did not take the new layer"), tr(_REMEDY))
            if item is source:
                source.set_mode(Gimp.LayerMode.NORMAL)
            else:
                item.set_composite_mode(Gimp.LayerCompositeMode.CLIP_TO_BACKDROP)
    group.set_expanded(True)


def insert(image: Any, layer: Any, place: Place) -> None:
    """Raises ClientError."""
    layer.set_opacity(place.opacity)
    if place.clipped:
        layer.set_composite_mode(Gimp.LayerCompositeMode.CLIP_TO_BACKDROP)
    if not image.insert_layer(layer, place.parent, place.position):
        raise ClientError(tr("GIMP did not take the new layer"), tr(_REMEDY))


def siblings(image: Any, layer: Any) -> list[Any]:
    """From the top, the layer itself among them."""
    parent = layer.get_parent()
    return list(parent.get_children() if parent else image.get_layers())


def _is_ground(image: Any, layer: Any) -> bool:
    """The lowest in a group that is drawn by itself, with nothing below that it could be blended with."""
    parent = layer.get_parent()
    if parent is None or parent.get_mode() == Gimp.LayerMode.PASS_THROUGH:
        return False
    lowest: bool = siblings(image, layer)[-1].get_id() == layer.get_id()
    return lowest and layer.get_mode() == Gimp.LayerMode.NORMAL
