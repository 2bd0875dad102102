"""The preview on the canvas: one temporary layer that says what it is, and that leaves no step to undo behind.

Krita's Python can neither show pixels without a layer nor add a layer without a step to undo. So the layer is taken
away by undoing its addition; where that undid something else, it is redone and the layer removed the ordinary way."""

from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Edited, Picture

from anycost_krita.document.colour_spaces import SRGB, ColourSpace
from anycost_krita.document.layers import PREVIEW_LABEL, PREVIEW_NAME, Place, find, is_preview, uuid, walk
from anycost_krita.document.pixels import write

_SHOWN = ColourSpace("RGBA", "U8", SRGB)
Scaled = Callable[[Picture, int, int], bytes]  # RGBA 8 to B G R A 8 of that width and height


class PreviewLayer:
    """At most one, in one document."""

    def __init__(self, krita: Any, scaled: Scaled) -> None:
        self._krita = krita
        self._scaled = scaled
        self._root = self._uuid = ""  # of the document and of the layer
        self._area = Area(0, 0, 0, 0)

    def draw(self, source: Place, area: Area, edited: Edited) -> Steps[None]:
        """`area`: of the region that was sent. Adds the layer or gives it other pixels."""
        where = edited.rectangle
        if edited.picture is None:
            return
        place = Area(area.x + where.x, area.y + where.y, where.width, where.height)
        pixels = self._scaled(edited.picture, place.width, place.height)
        yield
        picture = Picture.packed(place.width, place.height, 4, pixels)
        node = self._node(source.document)
        if node is None:
            self.remove()
            node = self._made(source)
            yield from write(self._krita, node, picture, place.x, place.y, _SHOWN)
            # It is ours before it is there: while Krita adds a layer, timers go on.
            self._root, self._uuid = uuid(source.document.rootNode()), uuid(node)
            self._add(source, node)
        else:
            if self._area != place:
                clear = bytes(4 * self._area.pixels)
                old = Picture.packed(self._area.width, self._area.height, 4, clear)
                yield from write(self._krita, node, old, self._area.x, self._area.y, _SHOWN)
            yield from write(self._krita, node, picture, place.x, place.y, _SHOWN)
            # Pixels that are set do not show by themselves, and drawing the whole document anew takes long.
            if self._krita.activeDocument() == source.document and self._undone(source.document, self._uuid):
                self._add(source, node)
            else:
                source.document.refreshProjection()
        self._area = place

    def remove(self) -> None:
        """Nothing when there is none."""
        root, self._root = self._root, ""
        document = self._document(root) if root else None
        if document is not None:
            self._take(document, self._uuid)

    def owns(self, node: Any) -> bool:
        return bool(self._root) and uuid(node) == self._uuid

    def sweep(self) -> None:
        """Removes previews that a crash, a saved file or a redo left in any open document."""
        for document in self._krita.documents():
            for node in [node for node in walk(document.topLevelNodes()) if is_preview(node) and not self.owns(node)]:
                self._take(document, uuid(node))

    # ------------------------------------------------------------------ inside

    def _document(self, root: str) -> Any | None:
        return next((one for one in self._krita.documents() if uuid(one.rootNode()) == root), None)

    def _node(self, document: Any) -> Any | None:
        return find(document, self._uuid) if self._root == uuid(document.rootNode()) else None

    def _made(self, source: Place) -> Any:
        node = source.document.createNode(PREVIEW_NAME, "paintlayer")
        node.setColorLabel(PREVIEW_LABEL)
        node.setLocked(True)
        node.setOpacity(source.node.opacity())
        return node

    def _add(self, source: Place, node: Any) -> None:
        document = source.document
        active = document.activeNode()
        source.node.parentNode().addChildNode(node, source.node)
        if active is not None:
            document.setActiveNode(active)  # Krita 5.3 activates what is added

    def _take(self, document: Any, node_uuid: str) -> None:
        if self._krita.activeDocument() == document and self._undone(document, node_uuid):
            return
        node = find(document, node_uuid)
        if node is not None:
            node.setLocked(False)
            node.remove()

    def _undone(self, document: Any, node_uuid: str) -> bool:
        undo, redo = self._krita.action("edit_undo"), self._krita.action("edit_redo")
        if undo is None or redo is None or not undo.isEnabled():
            return False
        document.waitForDone()  # of a busy image nothing is undone, or later than one thinks
        undo.trigger()
        document.waitForDone()
        if find(document, node_uuid) is None:
            return True
        redo.trigger()
        document.waitForDone()
        return False
