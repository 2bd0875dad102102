"""The preview in the image: one temporary layer that says what it is, and that leaves no step to undo behind.

It is not locked: GIMP kills a plug-in that writes to a locked layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Edited, Picture
from gi.repository import Gimp

from anycost_gimp.image.blending import Place, insert, needs_group, place_above
from anycost_gimp.image.layer import Source, area_of, replaced_item
from anycost_gimp.image.pixbufs import enlarged
from anycost_gimp.image.pixels import read_mask, write, write_mask
from anycost_gimp.image.write_results import new_layer

NAME = "⏳ Anycost preview: not part of the picture ⏳"  # in all languages, so that a left one is known again


class PreviewLayer:
    """Call `remove` on every exit; `sweep` removes what a crash left."""

    def __init__(self, image: Any) -> None:
        self._image = image
        self._layer: Any = None

    def show(self, source: Source, edited: Edited) -> None:
        """Adds the layer or gives it other pixels."""
        layer = source.layer.item
        if edited.picture is None or not layer.is_valid() or _needs_group(self._image, source):
            self.remove()
            return
        where = edited.rectangle
        picture = enlarged(edited.picture, where.width, where.height)
        _, x, y = layer.get_offsets()
        area = area_of(source)
        x, y = x + area.x + where.x, y + area.y + where.y
        if self._fits(picture, x, y):
            write(self._layer, picture)
        else:
            self.remove()
            self._add(source, picture, x, y)
        Gimp.displays_flush()

    def remove(self) -> None:
        """Nothing when there is none."""
        layer, self._layer = self._layer, None
        if layer is not None and self._image.is_valid() and layer.is_valid():
            with _unseen_by_undo(self._image):
                self._image.remove_layer(layer)
            Gimp.displays_flush()

    # ------------------------------------------------------------------ inside

    def _fits(self, picture: Picture, x: int, y: int) -> bool:
        layer = self._layer
        if layer is None or not layer.is_valid():
            return False
        _, left, top = layer.get_offsets()
        return (left, top, layer.get_width(), layer.get_height()) == (x, y, picture.width, picture.height)

    def _add(self, source: Source, picture: Picture, x: int, y: int) -> None:
        image, old = self._image, replaced_item(source)
        chosen = image.get_selected_layers()
        with _unseen_by_undo(image):
            layer = new_layer(image, NAME, picture)
            insert(image, layer, _above(image, old) if old is not None else place_above(image, source.layer.item))
            layer.set_offsets(x, y)
            if old is not None:
                _mask_like(layer, old)
            image.set_selected_layers(chosen)
        self._layer = layer


def _needs_group(image: Any, source: Source) -> bool:
    """Then no layer shows the change as it will be, until there is that group."""
    return replaced_item(source) is None and needs_group(image, source.layer.item)


def _above(image: Any, old: Any) -> Place:
    clipped = old.get_composite_mode() == Gimp.LayerCompositeMode.CLIP_TO_BACKDROP
    return Place(old.get_parent(), image.get_item_position(old), clipped, old.get_opacity())


def _mask_like(layer: Any, old: Any) -> None:
    """What the edit's mask hides stays hidden."""
    if old.get_mask() is None or not old.get_apply_mask():
        return
    _, x, y = layer.get_offsets()
    _, left, top = old.get_offsets()
    mask = read_mask(old, Area(x - left, y - top, layer.get_width(), layer.get_height()))
    if mask is not None:
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
        write_mask(layer, mask)


def sweep(image: Any) -> None:
    """Removes previews that a crash or a saved file left."""
    for layer in [one for one in all_layers(image.get_layers()) if is_preview(one)]:
        with _unseen_by_undo(image):
            image.remove_layer(layer)


def is_preview(layer: Any) -> bool:
    return str(layer.get_name()).startswith(NAME)


def all_layers(layers: list[Any]) -> Iterator[Any]:
    """Those in groups as well, from the top."""
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from all_layers(layer.get_children())


@contextmanager
def _unseen_by_undo(image: Any) -> Iterator[None]:
    """Freezes the undo history, so changes must come in pairs. A saved image stays marked as saved."""
    clean = not image.is_dirty()
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
        if clean:
            image.clean_all()
