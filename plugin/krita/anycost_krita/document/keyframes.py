"""Edited keyframes: the frames of an animated layer above the animated layer that they were made of.

Where the source changes next there is an empty frame until that is edited, too: no face stays over another one."""

from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps, pause
from anycost_client.core.errors import HostError
from anycost_client.edit.areas import Area
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.stored_edit import StoredEdit

from anycost_krita.base.text import tr
from anycost_krita.document import annotations
from anycost_krita.document.colour_spaces import ColourSpace, colour_space_of
from anycost_krita.document.edit_layers import placed
from anycost_krita.document.grouping import grouped, insert, join_group
from anycost_krita.document.history import History
from anycost_krita.document.host_interface import Source
from anycost_krita.document.layers import Place, find, locate, next_keyframe, uuid
from anycost_krita.document.pixels import converted, strips
from anycost_krita.document.placement import blend_like, needs_group, topmost


class Keyframes:
    """Krita's Python adds frames only where people do: to the active layer, at the time that is shown."""

    def __init__(
        self, krita: Any, history: History, place: Callable[[str], Place], remove_preview: Callable[[], None]
    ) -> None:
        self._krita, self._history = krita, history
        self._place = place  # by id; raises HostError
        self._remove_preview = remove_preview

    def write(self, source: Source, result: EditResult) -> Steps[Place]:
        """source.layer is a frame. One step to undo for each frame, and one more for a new layer. Raises HostError."""
        id, (picture, read, area) = source.layer.id, placed(source, result.edited)
        place = self._place(id)
        name = tr("Face: {edit}", edit=result.title)
        target = ColourSpace.of(place.document.createNode(name, "paintlayer"))
        pieces: list[tuple[bytes, Area]] = []
        for piece in converted(self._krita, picture, area.x, area.y, colour_space_of(source.region), target):
            pieces.append(piece)
            yield
        edit = StoredEdit(uuid(place.node), read, None, result.record, place.time)
        packed = yield from edit.packing()
        self._remove_preview()
        place = self._place(id)
        document, time = place.document, place.time or 0
        if self._krita.activeDocument() != document:
            raise HostError(tr("another document is shown"), tr("return to the animated picture"))
        shown = document.currentTime()
        node = yield from self._earlier(id, name, read)
        if node is None:
            group = ""
            if needs_group(self._place(id).node):
                group = yield from grouped(self._krita, self._place, id)
            node = yield from self._added(id, name, packed)
            if group:
                join_group(self._history, document, group, node)
        following = next_keyframe(document, self._place(id).node, time)
        try:
            yield from self._frame(id, node, time)
            for pixels, strip in pieces:
                node.setPixelData(pixels, strip.x, strip.y, strip.width, strip.height)
            if following is not None:
                yield from self._frame(id, node, following)
        finally:
            if locate(self._krita, id):
                # Not back to the layer that was active: Krita 5.1.5 ends when that comes so soon after.
                document.setCurrentTime(shown)
                document.refreshProjection()
        return Place(document, node, time)

    # ------------------------------------------------------------------ inside

    def _added(self, id: str, name: str, packed: bytes) -> Steps[Any]:
        place = self._place(id)
        document = place.document
        node = document.createNode(name, "paintlayer")
        blend_like(node, place.node)
        # Before it is added: Krita 5.1.5 may end when a layer becomes animated that its dockers do not know yet.
        node.enableAnimation()
        annotations.keep(document, uuid(node), packed)
        insert(node, topmost(document, place.node))
        yield from pause()
        self._check(id, node)
        return node

    def _earlier(self, id: str, name: str, area: Area) -> Steps[Any | None]:
        """The layer with the same edit of the source's other frames, where it has none of this one."""
        place = self._place(id)
        node = topmost(place.document, place.node)
        if uuid(node) == uuid(place.node) or not node.animated() or node.name() != name:
            return None
        if not node.hasKeyframeAtTime(place.time):
            return node
        for strip in strips(area):
            pixels = bytes(node.pixelDataAtTime(strip.x, strip.y, strip.width, strip.height, place.time).data())
            if pixels.count(0) < len(pixels):
                return None
            yield
            self._check(id, node)
        return node

    def _frame(self, id: str, node: Any, time: int) -> Steps[None]:
        """Goes to that time, and adds an empty frame where there is none."""
        document = self._place(id).document
        document.setCurrentTime(time)
        document.setActiveNode(node)
        document.waitForDone()
        yield from pause()
        self._check(id, node)
        if not node.hasKeyframeAtTime(time):
            self._krita.action("add_blank_frame").trigger()
            document.waitForDone()
        if not node.hasKeyframeAtTime(time):
            raise HostError(tr("Krita did not add a frame"), tr("click into Krita's window, then try again"))

    def _check(self, id: str, node: Any) -> None:
        """Raises HostError when the layer or the new one is gone, or another document is shown."""
        document = self._place(id).document
        if find(document, uuid(node)) is None:
            raise HostError(tr("the layer is gone"), tr("bring it back with undo, or choose another"), "gone")
        if self._krita.activeDocument() != document:
            raise HostError(tr("another document is shown"), tr("return to the animated picture"))
