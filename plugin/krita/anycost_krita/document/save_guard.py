"""Calls back before a document is saved, closed or undone: Krita itself reports it only afterwards."""

from collections.abc import Callable
from typing import Any

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors

_ACTIONS = ("file_save", "file_save_as", "file_export_file", "file_close", "file_close_all", "file_quit")
_UNDO = "edit_undo"
_Event = QtCore.QEvent.Type


class SaveGuard(QtCore.QObject):
    """Watches shortcut, menu, button and the window's close button of those actions."""

    def __init__(self, krita: Any, window: Any, leave: Callable[[], None], before_undo: Callable[[], None]) -> None:
        """window: the QMainWindow. Both are called often, and must be quick where there is nothing to do."""
        super().__init__(window)
        self._window, self._leave, self._before_undo = window, leave, before_undo
        self._undoes: list[Any] = []  # what undoes when it is pressed
        window.installEventFilter(self)
        for name in (*_ACTIONS, _UNDO):
            action = krita.action(name)
            if action is not None:
                self._watch(action, name == _UNDO)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        kinds = (_Event.Close,) if watched is self._window else (_Event.Shortcut, _Event.MouseButtonPress)
        if event.type() in kinds:
            if watched in self._undoes:
                self.undo()
            else:
                self.leave()
        return False

    @reports_errors
    def leave(self) -> None:
        self._leave()

    @reports_errors
    def undo(self) -> None:
        """What is undone is then the artist's own latest step."""
        self._before_undo()

    def _watch(self, action: Any, undoes: bool) -> None:
        self._filter(action, undoes)
        owners = action.associatedWidgets() if hasattr(action, "associatedWidgets") else action.associatedObjects()
        for owner in owners:
            if isinstance(owner, QtWidgets.QMenu):
                owner.aboutToShow.connect(self.undo if undoes else self.leave)
            elif isinstance(owner, QtWidgets.QToolBar) and (button := owner.widgetForAction(action)) is not None:
                self._filter(button, undoes)

    def _filter(self, watched: Any, undoes: bool) -> None:
        watched.installEventFilter(self)
        if undoes:
            self._undoes.append(watched)
