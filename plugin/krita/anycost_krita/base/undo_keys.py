"""The keys of undo and redo, which are the sliders' while the docker has the focus."""

from collections.abc import Callable
from typing import Literal

from anycost_krita.base.qt import Qt, QtCore, QtWidgets

Step = Literal["undo", "redo", ""]

_PRESSED = (QtCore.QEvent.Type.ShortcutOverride, QtCore.QEvent.Type.KeyPress)


def step_of(event: QtCore.QEvent) -> Step:
    """ "" for every other event. Ctrl+Shift+Z and Ctrl+Y both mean redo, whatever the system's own is."""
    if event.type() not in _PRESSED:
        return ""
    modifier = Qt.KeyboardModifier
    held = event.modifiers() & (modifier.ControlModifier | modifier.ShiftModifier | modifier.AltModifier)
    if event.key() == Qt.Key.Key_Z and held == modifier.ControlModifier:
        return "undo"
    again = event.key() == Qt.Key.Key_Z and held == modifier.ControlModifier | modifier.ShiftModifier
    return "redo" if again or (event.key() == Qt.Key.Key_Y and held == modifier.ControlModifier) else ""


class TextField(QtWidgets.QLineEdit):
    """Undo is the text's as long as it has something to undo, then that of what it lies in."""

    def event(self, event: QtCore.QEvent) -> bool:
        step = step_of(event)
        if (step == "undo" and not self.isUndoAvailable()) or (step == "redo" and not self.isRedoAvailable()):
            event.ignore()
            return False
        return super().event(event)


def takes_step(event: QtCore.QEvent, undo: Callable[[], None], redo: Callable[[], None]) -> bool:
    """For `event` of a widget: keeps the program's shortcut from these keys, and does what they say. True: it was one
    of them, and it is dealt with."""
    step = step_of(event)
    if not step:
        return False
    event.accept()  # of both: what is pressed comes here next, instead of to the shortcut
    if event.type() == QtCore.QEvent.Type.KeyPress:
        (undo if step == "undo" else redo)()
    return True
