"""What takes long, in the status bar of Krita's window: also while the docker is behind another one.

Krita's Python has no way to its progress bar; the window's status bar is Qt's."""

from anycost_client.edit.page_texts import under_way

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.edit.controller import Controller


class StatusLine(QtCore.QObject):
    def __init__(self, controller: Controller, docker: QtWidgets.QWidget) -> None:
        super().__init__(docker)
        self._controller, self._docker = controller, docker
        self._shown = ""
        controller.watch(self._changed)

    @reports_errors
    def _changed(self, what: str) -> None:
        if what not in ("page", "progress", "result", "refined", "message"):
            return
        text, fraction = under_way(self._controller)
        if text and fraction is not None and fraction > 0:
            text = tr("{text} {share} %", text=text, share=f"{100 * fraction:.0f}")
        window = self._docker.parent()
        if text != self._shown and isinstance(window, QtWidgets.QMainWindow):
            self._shown = text
            if text:
                window.statusBar().showMessage(text)
            else:
                window.statusBar().clearMessage()
