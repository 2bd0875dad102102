"""Acts as the user in Krita: reads the screen, moves the mouse, types, and records what was seen."""

import os
import time
from pathlib import Path
from typing import Any

from krita import Krita
from PyQt5.QtCore import QEvent, QPointF, Qt, QTimer
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QMenu


class KritaUser:
    """The docker, the document, and the hands of the person."""

    def __init__(self, folder: Path, seen: dict[str, Any]) -> None:
        self.folder, self.seen = folder, seen
        self.krita = Krita.instance()
        self.window = self.krita.windows()[0].qwindow()
        self.window.setGeometry(0, 0, 1600, 1000)
        self._beat = QTimer()
        self._beat.timeout.connect(self._ticked)
        self._last = 0.0
        self.longest = 0.0  # seconds that the window did not answer, since `watch_for_stalls`
        self.longest_work = 0.0  # seconds of a processor that its thread used at a time: the same on a busy machine
        self._used = 0.0

    # ---------------------------------------------------------------- what is there

    @property
    def document(self) -> Any:
        return self.krita.activeDocument()

    @property
    def panel(self) -> Any:
        dockers = self.krita.dockers()
        return next(docker for docker in dockers if docker.objectName() == "anycost_edit_face_docker")._panel

    @property
    def controller(self) -> Any:
        return self.panel.controller

    @property
    def page(self) -> str:
        return self.controller.page.name

    def layers(self) -> list[str]:
        return [node.name() for node in self.document.topLevelNodes() if node.type() != "selectionmask"]

    def opened(self) -> bool:
        return self.document is not None and self.document.activeNode() is not None

    def settled(self) -> bool:
        """The docker shows sliders, or says why not."""
        if self.page == "EDITING":
            built = len(self.panel.attributes.rows) >= len(self.controller.editor.sliders.attributes) > 0
            return built and not self.controller.applying
        return self.page in ("NO_FACE", "FAILED", "NO_DOCUMENT")

    def previewed(self) -> bool:
        shown = self.controller.editor.preview
        return shown is not None and shown.picture is not None

    def best(self) -> bool:
        """What the sliders say now is drawn as well as it gets."""
        editor = self.controller.editor
        newest = not editor._stale and not editor._asked
        return newest and self.previewed() and not editor.preview.more

    def undo_text(self) -> str:
        return self.krita.action("edit_undo").text()

    # ---------------------------------------------------------------- what the person does

    def choose_menu(self) -> None:
        """Filter > Edit Face…"""
        action = self.krita.action("anycost_edit_face")
        menus = [owner for owner in action.associatedWidgets() if isinstance(owner, QMenu)]
        self.seen["menus"] = [menu.objectName() or menu.title() for menu in menus]
        action.trigger()

    def drag(self, attribute: str, strength: float, steps: int = 12) -> Any:
        """A generator: the slider goes there in small steps."""
        slider = self.panel.attributes.rows[attribute].slider
        self.panel.attributes.rows[attribute].show()
        slider.setFocus()  # as a press of the real mouse does
        middle, start, there = slider.height() / 2, slider.x_of(slider.strength), slider.x_of(strength)

        def mouse(kind: QEvent.Type, x: float, buttons: Any) -> None:
            event = QMouseEvent(kind, QPointF(x, middle), Qt.LeftButton, buttons, Qt.NoModifier)
            QApplication.sendEvent(slider, event)

        mouse(QEvent.MouseButtonPress, start, Qt.LeftButton)
        for step in range(1, steps + 1):
            mouse(QEvent.MouseMove, start + (there - start) * step / steps, Qt.LeftButton)
            yield 0.03
        mouse(QEvent.MouseButtonRelease, there, Qt.NoButton)

    def type(self, attribute: str, strength: float) -> None:
        slider = self.panel.attributes.rows[attribute].slider
        slider.setFocus()
        QTest.keyClick(slider, Qt.Key_Return)
        field = slider.enter()  # is open already
        QTest.keyClicks(field, f"{strength:.2f}")
        QTest.keyClick(field, Qt.Key_Return)

    def focus_docker(self) -> None:
        self.panel.attributes.rows["smile"].slider.setFocus()

    def in_docker(self) -> bool:
        """Whether keys go to the docker."""
        widget = QApplication.focusWidget()
        return widget is not None and (widget is self.panel or self.panel.isAncestorOf(widget))

    def click(self, button: Any) -> None:
        QTest.mouseClick(button, Qt.LeftButton)

    def activate(self, node: Any) -> None:
        QApplication.setActiveWindow(self.window)
        self.document.setActiveNode(node)

    # ---------------------------------------------------------------- what is written down

    def picture(self, name: str) -> None:
        self.window.grab().save(str(self.folder / f"{name}.png"))

    def pixels(self, name: str, owner: Any = None) -> None:
        """Of a layer, or of all as it is seen: B G R A, 8 bits, of the canvas."""
        document = self.document
        document.waitForDone()
        data = (owner or document).pixelData(0, 0, document.width(), document.height())
        (self.folder / f"{name}.raw").write_bytes(bytes(data.data()))

    def watch_for_stalls(self) -> None:
        self.longest, self.longest_work, self._used = 0.0, 0.0, time.thread_time()
        self._last = time.perf_counter()
        self._beat.start(5)

    def _ticked(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        used = time.thread_time()
        self.longest_work = max(self.longest_work, used - self._used)
        self._used = used

    @property
    def stall(self) -> list[float]:
        """The longest: seconds, and how many of them on a processor."""
        return [round(self.longest, 3), round(self.longest_work, 3)]

    def memory(self) -> float:
        """MB that Krita holds."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
