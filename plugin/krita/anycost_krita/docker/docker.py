"""Krita's docker around the panel: one for each window, with a way of its own to the backend."""

from anycost_client.backend.backend_process import Backend
from anycost_client.backend.bug_report import report
from anycost_client.backend.worker_thread import Worker
from anycost_client.edit.state import Page
from krita import DockWidget

from anycost_krita.base.qt import Qt, QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.docker.actions import DockerAction
from anycost_krita.docker.panel import Panel
from anycost_krita.docker.status_line import StatusLine
from anycost_krita.document.host_factory import krita_host
from anycost_krita.edit.controller import Controller

DOCKER = "anycost_edit_face_docker"
_PRESETS = "PresetDocker"  # as Krita calls it
_ROOM = 700  # pixels of height
_ROOM_SETTING = "room_made"


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
        self._status = StatusLine(controller, self)
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
        self._make_room()
        self._panel.controller.come_back()
        self._panel.take_focus()

    def _make_room(self) -> None:
        """The first time: for the picture and ten sliders, as far as the dockers around can do with less. The brush
        presets below or above come behind it, as a tab."""
        window = self.parent()
        if self._host.setting(_ROOM_SETTING, "0") == "1" or self.isFloating():
            return
        self._host.keep_setting(_ROOM_SETTING, "1")
        if isinstance(window, QtWidgets.QMainWindow):
            presets = window.findChild(QtWidgets.QDockWidget, _PRESETS)
            near = presets is not None and window.dockWidgetArea(presets) == window.dockWidgetArea(self)
            if near and presets.isVisible() and not presets.isFloating():
                window.tabifyDockWidget(presets, self)
                self.raise_()
            window.resizeDocks([self], [_ROOM], Qt.Orientation.Vertical)

    @reports_errors
    def perform(self, action: DockerAction) -> None:
        """What was bound to a key: of the edit that is shown here; nothing while there is none."""
        if self._panel.controller.page is Page.EDITING:
            action.do(self._panel)

    @reports_errors
    def canvasChanged(self, canvas: object) -> None:
        """Krita calls it with another document's canvas, or None."""
        self._host.canvas_changed()

    @reports_errors
    def _quit(self) -> None:
        self._panel.shut()
