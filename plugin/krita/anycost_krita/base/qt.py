"""PyQt6 or PyQt5, whichever the host has loaded: the names that are the same in both, and the few that moved.

Enums are written with their scope (`Qt.Orientation.Horizontal`), which both understand."""

import os
import sys
from typing import TYPE_CHECKING


def _version() -> int:
    """What is loaded already decides: two versions of Qt in one process end it. Else PyQt6 before PyQt5."""
    for number in (5, 6):
        if f"PyQt{number}.QtCore" in sys.modules:
            return number
    if os.environ.get("QT_API", "").lower() == "pyqt5":
        return 5
    try:
        import PyQt6.QtCore  # noqa: F401
    except ImportError:
        return 5
    return 6


QT = _version()

if TYPE_CHECKING or QT == 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
    from PyQt6.QtGui import QAction
else:
    from PyQt5 import QtCore, QtGui, QtWidgets
    from PyQt5.QtWidgets import QAction

Qt = QtCore.Qt
pyqtSignal = QtCore.pyqtSignal

__all__ = ["QT", "QAction", "Qt", "QtCore", "QtGui", "QtWidgets", "place_of", "pyqtSignal"]


def place_of(event: "QtGui.QMouseEvent") -> "QtCore.QPointF":
    """Where the mouse is, in pixels of the widget."""
    return event.position() if hasattr(event, "position") else QtCore.QPointF(event.pos())
