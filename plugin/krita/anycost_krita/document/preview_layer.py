"""The preview on the canvas: one temporary layer that says what it is, and that leaves no step to undo behind.

Krita's Python can neither show pixels without a layer nor add a layer without a step to undo. So the layer is taken
away by undoing its addition; where that undid something else, it is redone and the layer removed the ordinary way.
Krita delivers events while it is being called, and with them whatever a person or the backend wants next: that is done
when the call has returned."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Edited, Picture

from anycost_krita.document.colour_spaces import SRGB, ColourSpace
from anycost_krita.document.history import Between, History
from anycost_krita.document.layers import (
    PREVIEW_LABEL,
    PREVIEW_NAME,
    Place,
    activate_instead,
    find,
    is_preview,
    locate,
    uuid,
    walk,
)
from anycost_krita.document.pixels import clear, write
from anycost_krita.document.placement import blend_like, needs_group, topmost

_SHOWN = ColourSpace("RGBA", "U8", SRGB)
_SMALL = 1_500_000  # pixels of a document that is composited anew as a whole: as quick as the way for larger ones
Scaled = Callable[[Picture, int, int], bytes]  # RGBA 8 to B G R A 8 of that width and height


class PreviewLayer:
    """At most one, in one document."""

    def __init__(self, krita: Any, scaled: Scaled, history: History) -> None:
        self._krita, self._scaled, self._history = krita, scaled, history
        self._root = self._uuid = ""  # of the document and of the layer
        self._artists = ""  # uuid of the layer that was active before
        self._area = Area(0, 0, 0, 0)
        self._next: tuple[str, Area, Edited] | None = None
        self._calls = 0  # of Krita that have not returned yet, of those that change layers
        self._unwanted = False  # was told so during such a call
        self._left: set[str] = set()  # uuids: whose steps lie below the artist's own; undo and redo pass them by

    def show(self, id: str, area: Area, edited: Edited) -> None:
        """id: of the source; `area`: of the region that was sent. The newest counts. `drawing` draws it."""
        self._next = (id, area, edited)

    def drawing(self) -> Steps[None]:
        """Draws until nothing newer is to be shown."""
        while self._next is not None:
            newest, self._next = self._next, None
            yield from self._draw(*newest)

    def remove(self) -> None:
        """Nothing when there is none."""
        self._next = None
        if self._calls:
            self._unwanted = True
        else:
            self._remove()

    def owns(self, node: Any) -> bool:
        return bool(self._root) and uuid(node) == self._uuid

    def sweep(self, all: bool = False) -> None:
        """Removes previews that a crash, a saved file or a redo left in any open document; `all`: also those that undo
        and redo pass by."""
        for document in self._krita.documents():
            for node in [node for node in walk(document.topLevelNodes()) if self.is_left(node, all)]:
                self._take(document, uuid(node))

    def is_left(self, node: Any, all: bool = False) -> bool:
        """Whether it is a preview that must go."""
        return is_preview(node) and not self.owns(node) and (all or uuid(node) not in self._left)

    def keep_active(self) -> None:
        document = self._document(self._root) if self._root else None
        if document is not None:
            with self._calling():
                activate_instead(document, self._uuid, self._artists)

    # ------------------------------------------------------------------ inside

    def _draw(self, id: str, area: Area, edited: Edited) -> Steps[None]:
        """Adds the layer or gives it other pixels."""
        where = edited.rectangle
        if edited.picture is None:
            return
        source = locate(self._krita, id)
        if source is None or (self._node(source.document) is None and needs_group(source.node)):
            self.remove()  # above a blended layer it would show another change
            return
        place = Area(area.x + where.x, area.y + where.y, where.width, where.height)
        pixels = self._scaled(edited.picture, place.width, place.height)
        yield
        picture = Picture.packed(place.width, place.height, 4, pixels)
        source = locate(self._krita, id)
        if source is None:
            self.remove()
            return
        node = self._node(source.document)
        if node is None:
            self.remove()
            node = self._made(source)
            yield from write(self._krita, node, picture, place.x, place.y, _SHOWN)
            source = locate(self._krita, id)
            if source is not None:
                self._area = place
                self._add(source, node)
            return
        if self._area != place:
            clear(node, self._area)
            self._area = place
        for _ in write(self._krita, node, picture, place.x, place.y, _SHOWN):
            pass  # some milliseconds for a face; at once, so that nothing is seen half
        self.keep_active()
        with self._calling():
            self._composite(source.document, node)

    def _composite(self, document: Any, node: Any) -> None:
        """Pixels that are set do not show by themselves."""
        if document.width() * document.height() > _SMALL and self._krita.activeDocument() == document:
            # Krita's Python has no way to composite a part anew; this does it, and makes a step, which is undone.
            node.setBlendingMode(node.blendingMode())
            if self._history.step(document, "edit_undo"):
                return
        document.refreshProjection()

    def _document(self, root: str) -> Any | None:
        return next((one for one in self._krita.documents() if uuid(one.rootNode()) == root), None)

    def _node(self, document: Any) -> Any | None:
        return find(document, self._uuid) if self._root == uuid(document.rootNode()) else None

    def _made(self, source: Place) -> Any:
        node = source.document.createNode(PREVIEW_NAME, "paintlayer")
        node.setColorLabel(PREVIEW_LABEL)
        node.setLocked(True)
        blend_like(node, source.node)
        return node

    def _add(self, source: Place, node: Any) -> None:
        document = source.document
        active = document.activeNode()
        self._artists = "" if active is None else uuid(active)
        # It is ours before it is there: while Krita adds a layer, events are delivered.
        self._root, self._uuid = uuid(document.rootNode()), uuid(node)
        with self._calling():
            above = topmost(document, source.node)
            above.parentNode().addChildNode(node, above)
            self.keep_active()

    @contextmanager
    def _calling(self) -> Iterator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if self._unwanted and not self._calls:
                self._unwanted = False
                self._remove()

    def _remove(self) -> None:
        root, self._root = self._root, ""
        document = self._document(root) if root else None
        if document is not None:
            self._take(document, self._uuid)

    def _take(self, document: Any, node_uuid: str) -> None:
        node = find(document, node_uuid)
        if node is None:
            return
        bounds = node.bounds()
        drawn = Area(bounds.x(), bounds.y(), bounds.width(), bounds.height())
        with self._calling():
            undone = self._history.until(document, "edit_undo", lambda now: node_uuid not in now)
            if not undone and (left := find(document, node_uuid)) is not None:
                left.setLocked(False)
                left.remove()
                self._left.add(node_uuid)
                self._history.join(Between(uuid(document.rootNode()), frozenset({node_uuid}), shared=True))
        clear(node, drawn)  # only now, when it shows no more: what undo or redo brings back is empty
