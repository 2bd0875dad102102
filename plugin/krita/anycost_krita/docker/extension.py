"""What Krita sees: the menu entries and the docker's factory. Never keeps Krita from starting."""

import logging
from functools import partial

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from anycost_krita.base.qt import QtCore
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.docker.actions import ACTIONS, DockerAction
from anycost_krita.docker.docker import DOCKER, EditFaceDocker

ACTION = "anycost_edit_face"  # the .action file gives it a shortcut
_SCRIPTS = "anycost_edit_face_scripts"

log = logging.getLogger(__name__)


class EditFaceExtension(Extension):
    """Adds Edit Face… to Filter and to Tools > Scripts."""

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._actions: list[object] = []  # kept alive

    def setup(self) -> None:
        pass

    def report_error(self, error: Exception) -> None:
        log.error("Edit Face", exc_info=error)

    @reports_errors
    def createActions(self, window: object) -> None:
        for name, place in ((ACTION, "filter"), (_SCRIPTS, "tools/scripts")):
            action = window.createAction(name, tr("Edit Face…"), place)  # type: ignore[attr-defined]
            action.triggered.connect(self._open)
            self._actions.append(action)
        for one in ACTIONS:
            action = window.createAction(one.name, tr(one.text), "")  # type: ignore[attr-defined]
            action.triggered.connect(partial(self._perform, one))
            self._actions.append(action)

    @reports_errors
    def _open(self) -> None:
        """The docker of the active window appears, and begins with the active layer or goes on."""
        for docker in _dockers():
            docker.setVisible(True)
            docker.raise_()
            QtCore.QTimer.singleShot(0, docker.come_back)

    @reports_errors
    def _perform(self, action: DockerAction) -> None:
        for docker in _dockers():
            docker.perform(action)


def _dockers() -> list[EditFaceDocker]:
    """Of the active window: one."""
    dockers = Krita.instance().dockers()
    return [one for one in dockers if one.objectName() == DOCKER and isinstance(one, EditFaceDocker)]


def register(application: Krita) -> None:
    """Once, when Krita loads the plug-in."""
    try:
        application.addExtension(EditFaceExtension(application))
        right = DockWidgetFactoryBase.DockRight
        application.addDockWidgetFactory(DockWidgetFactory(DOCKER, right, EditFaceDocker))
    except Exception as error:
        log.error("Edit Face cannot be added to Krita", exc_info=error)
