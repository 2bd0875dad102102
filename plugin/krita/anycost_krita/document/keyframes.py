"""Edited keyframes: the frames of one new animated layer above the animated layer that they were made of."""

import time
from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import HostError
from anycost_client.edit.areas import Area
from anycost_client.protocol.messages import Picture

from anycost_krita.base.text import tr
from anycost_krita.document.colour_spaces import ColourSpace
from anycost_krita.document.layers import Place, find, locate, uuid
from anycost_krita.document.pixels import converted

_LABEL = 4  # colour label: with the name it tells which layer the next frame of a batch goes to


def pause(seconds: float = 0.1) -> Steps[None]:
    """Krita gets the time to do what it has put off."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


class Keyframes:
    """Krita's Python adds frames only where people do: to the active layer, at the time that is shown."""

    def __init__(self, krita: Any, place: Callable[[str], Place]) -> None:
        self._krita = krita
        self._place = place  # by id; raises HostError

    def add(self, id: str, name: str, picture: Picture, x: int, y: int, space: ColourSpace) -> Steps[Place]:
        """`id`: of the frame that was edited. One step to undo, and one more for the layer with its first frame."""
        place = self._place(id)
        target = ColourSpace.of(place.document.createNode(name, "paintlayer"))
        strips: list[tuple[bytes, Area]] = []
        for piece in converted(self._krita, picture, x, y, space, target):
            strips.append(piece)
            yield
        place = self._place(id)
        document, time = place.document, place.time or 0
        if self._krita.activeDocument() != document:
            raise HostError(tr("another document is shown"), tr("return to the animated picture"))
        shown = document.currentTime()
        node = self._earlier(place, name, time)
        if node is None:
            node = place.document.createNode(name, "paintlayer")
            node.setColorLabel(_LABEL)
            node.setOpacity(place.node.opacity())
            # Before it is added: Krita 5.1.5 may end when a layer becomes animated that its dockers do not know yet.
            node.enableAnimation()
            place.node.parentNode().addChildNode(node, place.node)
            yield from pause()
            self._alive(id, node)
        try:
            self._go(document, node, time)
            yield from pause()
            self._alive(id, node)
            if not node.hasKeyframeAtTime(time):
                self._krita.action("add_blank_frame").trigger()
                document.waitForDone()
            if not node.hasKeyframeAtTime(time):
                raise HostError(tr("Krita did not add a frame"), tr("click into Krita's window, then try again"))
            for pixels, strip in strips:
                node.setPixelData(pixels, strip.x, strip.y, strip.width, strip.height)
        finally:
            if locate(self._krita, id):
                # Not back to the layer that was active: Krita 5.1.5 ends when that comes so soon after.
                document.setCurrentTime(shown)
                document.refreshProjection()
        return Place(document, node, time)

    def _alive(self, id: str, node: Any) -> None:
        """Raises HostError when the layer or the new one is gone."""
        if find(self._place(id).document, uuid(node)) is None:
            raise HostError(tr("the layer is gone"), tr("bring it back with undo, or choose another"), "gone")

    def _earlier(self, place: Place, name: str, time: int) -> Any | None:
        """The layer that earlier frames of this batch made."""
        siblings = place.node.parentNode().childNodes()
        for node in siblings[[uuid(one) for one in siblings].index(uuid(place.node)) + 1 :][:1]:
            ours = node.animated() and node.colorLabel() == _LABEL and node.name() == name
            if ours and (time == 0 or not node.hasKeyframeAtTime(time)):
                return node
        return None

    def _go(self, document: Any, node: Any, time: int) -> None:
        document.setCurrentTime(time)
        document.setActiveNode(node)
        document.waitForDone()
