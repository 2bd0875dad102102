"""Krita's docker around the panel: one for each window, with a way of its own to the backend."""

from anycost_client.backend.backend_process import Backend
from anycost_client.backend.bug_report import report
from anycost_client.backend.worker_thread import Worker
from krita import DockWidget

from anycost_krita.base.qt import QtCore
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.docker.panel import Panel
from anycost_krita.document.host_factory import krita_host
from anycost_krita.edit.controller import Controller

DOCKER = "anycost_edit_face_docker"


class EditFaceDocker(DockWidget):
    """The first edit starts the backend, not Krita's start."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(tr("Edit Face"))
        self._host = krita_host()
        backend = Backend(self._host.program)
        self._panel = Panel(
            Controller(self._host, lambda deliver: Worker(deliver, backend), lambda editor: report(editor, backend))
        )
        self.setWidget(self._panel)
        controller = self._panel.controller
        # A window that is closed takes its dockers with it: before them, the way to the backend has to end.
        self._panel.destroyed.connect(lambda *_: controller.close())
        application = QtCore.QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._quit)

    def report_error(self, error: Exception) -> None:
        self._panel.report_error(error)

    @reports_errors
    def come_back(self) -> None:
        """Edit Face… was chosen: this comes to the front and takes the keyboard; what is unsaved stays."""
        self.raise_()
        self._panel.controller.come_back()
        self._panel.take_focus()

    @reports_errors
    def canvasChanged(self, canvas: object) -> None:
        """Krita calls it with another document's canvas, or None."""
        self._host.canvas_changed()

    @reports_errors
    def _quit(self) -> None:
        self._panel.shut()
