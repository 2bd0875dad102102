"""Uses the plug-in's document side without its docker and backend: results and previews are drawn here."""

import logging
from typing import Any

from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, Picture, Rectangle
from anycost_krita.document.host_factory import krita_host
from krita import Krita
from PyQt5.QtCore import QTimer
from PyQt5.QtGui import QShortcutEvent
from PyQt5.QtWidgets import QApplication

from .krita_user import KritaUser


class DocumentUser:
    """Pixels are B G R A, 8 bits."""

    def __init__(self, user: KritaUser) -> None:
        self.user, self.krita, self.seen = user, Krita.instance(), user.seen
        self.host = krita_host()
        self.told: list[str] = []  # by the host
        self.host.watch(self.told.append)
        self.logged: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: self.logged.append(handler.format(record))  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)

    # ---------------------------------------------------------------- documents

    def open(self, width: int, height: int, colour: tuple[int, ...] = (10, 20, 30, 255)) -> Any:
        """Shows a new document; its one layer is filled, and active. A generator: yields until it is there."""
        document = self.krita.createDocument(width, height, "", "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 72.0)
        self.krita.activeWindow().addView(document)
        yield 0.5
        self.fill(document.topLevelNodes()[0], colour, 0, 0, width, height)
        document.refreshProjection()
        document.waitForDone()
        yield 0.2
        return document

    def fill(self, node: Any, colour: tuple[int, ...], x: int, y: int, width: int, height: int) -> None:
        for top in range(y, y + height, 500):
            rows = min(500, y + height - top)
            node.setPixelData(bytes(colour) * (width * rows), x, top, width, rows)

    def layer(self, document: Any, name: str, colour: tuple[int, ...], *area: int, parent: Any = None) -> Any:
        """A new one on top of the document, or of the group `parent`, filled within the area."""
        node = document.createNode(name, "paintlayer")
        self.fill(node, colour, *area)
        parent = parent or document.rootNode()
        above = parent.childNodes()[-1] if parent.childNodes() else None
        parent.addChildNode(node, above)
        document.waitForDone()
        return node

    def close(self, document: Any) -> None:
        document.waitForDone()  # Krita 5.2.9 may end when a document is closed that it is still at
        document.setModified(False)
        document.setBatchmode(True)
        document.close()

    def names(self, document: Any) -> list[Any]:
        """From the lowest up; a group with what is in it; no masks."""
        return [_described(node) for node in document.topLevelNodes() if node.type() != "selectionmask"]

    def pixel(self, owner: Any, x: int, y: int) -> list[int]:
        """Of a layer, or as all is seen."""
        return list(bytes(owner.pixelData(x, y, 1, 1).data()))

    def undo(self, step: str = "edit_undo", seconds: float = 1.0) -> Any:
        """As its shortcut does it. A generator: until the plug-in has done what it does then."""
        action = self.krita.action(step)
        QApplication.sendEvent(action, QShortcutEvent(action.shortcut(), 0, False))
        yield seconds  # Krita 5.1.5 may end when a layer goes that it is about to activate
        yield lambda: not self.host._turn.taken

    # ---------------------------------------------------------------- the plug-in

    def read(self, layer: Any = None) -> Any:
        return self.outcome(lambda then: self.host.read(layer, then))

    def outcome(self, ask: Any) -> Any:
        """What `then` got. A generator."""
        got: list[Any] = []
        ask(got.append)
        yield lambda: got
        return got[0]

    def apply(self, source: Any, colours: list[tuple[int, ...]], *area: int, title: str = "Smile +0.8") -> Any:
        """Columns of these colours in an area of the region. A generator: returns the layer, or the Problem."""
        x, y, width, height = area
        each = width // len(colours)
        picture = Picture.packed(width, height, 4, b"".join(bytes(colour) * each for colour in colours) * height)
        edited = Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, y, width, height), quality="final")
        face = RecordedFace(((0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)), {"smile": 0.8})
        result = EditResult(edited, title, EditRecord("hash", (face,)))
        return self.outcome(lambda then: self.host.apply(source, result, then))

    def preview(self, source: Any, colour: tuple[int, ...], *area: int) -> None:
        x, y, width, height = area
        picture = Picture.packed(256, 256, 4, bytes(colour) * (256 * 256))
        self.host.show_preview(
            source, Edited(id="e", sequence=1, picture=picture, rectangle=Rectangle(x, y, width, height))
        )

    def drag(self, source: Any, seconds: float, *area: int, each: Any = None) -> Any:
        """Sixty previews a second, as the backend's messages come: also while Krita is called. Returns how many of them
        were to be seen. A generator. each: is called with the number of each."""
        document = self.krita.activeDocument()
        shown: set[tuple[int, ...]] = set()
        count = [0]

        def tick() -> None:
            count[0] += 1
            red = count[0]
            self.preview(source, (red % 256, red // 256, 99, 255), *area)
            shown.add(tuple(self.pixel(document, area[0] + 5, area[1] + 5)))
            if each:
                each(count[0])

        timer = QTimer()
        timer.timeout.connect(tick)
        timer.start(16)
        self.user.watch_for_stalls()
        yield seconds
        timer.stop()
        return len(shown)


def _described(node: Any) -> Any:
    children = [_described(child) for child in node.childNodes() if not child.type().endswith("mask")]
    return [node.name(), children] if children else node.name()
