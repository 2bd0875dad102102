"""Calls back before a document is saved or closed: Krita itself reports it only afterwards."""

from collections.abc import Callable
from typing import Any

from anycost_krita.base.qt import QtCore, QtWidgets
from anycost_krita.base.slot_errors import reports_errors

_ACTIONS = ("file_save", "file_save_as", "file_export_file", "file_close", "file_close_all", "file_quit")
_Event = QtCore.QEvent.Type


class SaveGuard(QtCore.QObject):
    """Watches shortcut, menu, button and the window's close button of those actions."""

    def __init__(self, krita: Any, window: Any, leave: Callable[[], None]) -> None:
        """window: the QMainWindow. `leave` is called often, and must be quick where there is nothing to do."""
        super().__init__(window)
        self._leave = leave
        window.installEventFilter(self)
        for name in _ACTIONS:
            action = krita.action(name)
            if action is None:
                continue
            action.installEventFilter(self)
            owners = action.associatedWidgets() if hasattr(action, "associatedWidgets") else action.associatedObjects()
            for owner in owners:
                if isinstance(owner, QtWidgets.QMenu):
                    owner.aboutToShow.connect(self.leave)
                elif isinstance(owner, QtWidgets.QToolBar) and (button := owner.widgetForAction(action)) is not None:
                    button.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() in (_Event.Shortcut, _Event.Close, _Event.MouseButtonPress):
            self.leave()
        return False

    @reports_errors
    def leave(self) -> None:
        self._leave()
