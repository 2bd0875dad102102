"""The preview in the image: one temporary layer that says what it is, and that leaves no step to undo behind.

It is not locked: GIMP kills a plug-in that writes to a locked layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anycost_client.protocol.messages import Edited, Picture
from gi.repository import Gimp

from anycost_gimp.image.layer import Source, area_of, replaced_item
from anycost_gimp.image.pixbufs import enlarged
from anycost_gimp.image.write_results import insert_above, new_layer, write

NAME = "⏳ Anycost preview: not part of the picture ⏳"  # in all languages, so that a left one is known again


class PreviewLayer:
    """Call `remove` on every exit; `sweep` removes what a crash left."""

    def __init__(self, image: Any) -> None:
        self._image = image
        self._layer: Any = None

    def show(self, source: Source, edited: Edited) -> None:
        """Adds the layer or gives it other pixels."""
        layer = source.layer.item
        if edited.picture is None or not layer.is_valid():
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
        image = self._image
        chosen = image.get_selected_layers()
        beneath = replaced_item(source) or source.layer.item
        with _unseen_by_undo(image):
            layer = new_layer(image, NAME, picture)
            layer.set_opacity(beneath.get_opacity())
            insert_above(image, layer, beneath)
            layer.set_offsets(x, y)
            image.set_selected_layers(chosen)
        self._layer = layer


def sweep(image: Any) -> None:
    """Removes previews that a crash or a saved file left."""
    for layer in all_layers(image.get_layers()):
        if is_preview(layer):
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
