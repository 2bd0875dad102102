"""A field for a number, over what shows it: Enter takes it, Escape does not."""

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import keeps_keys, reports_errors
from anycost_krita.base.undo_keys import TextField

_KEYS = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape}


class NumberField(TextField):
    entered = pyqtSignal(float)
    left = pyqtSignal()  # it is to be closed

    def __init__(self, over: QtWidgets.QWidget, value: float, first: str = "") -> None:
        super().__init__(over)
        self.setText(first or f"{value:.4g}")
        self._before = "" if first else self.text()
        self._ended = False
        self.setAccessibleName(over.accessibleName())
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setGeometry(over.rect())
        self.show()
        if not first:
            self.selectAll()

    def number(self) -> float | None:
        """None for what is no number. A comma is a point, as people write it in many countries."""
        text = self.text().strip().rstrip("%×").replace(",", ".").replace("−", "-")
        try:
            number = float(text)
        except ValueError:
            return None
        return number if abs(number) < 1e6 else None

    def event(self, event: QtCore.QEvent) -> bool:
        return keeps_keys(event, _KEYS) or super().event(event)

    @reports_errors
    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() in _KEYS:
            self._end(event.key() != Qt.Key.Key_Escape)
            self.parentWidget().setFocus()
        else:
            super().keyPressEvent(event)

    @reports_errors
    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._end(True)

    def _end(self, takes: bool) -> None:
        if self._ended:  # it loses the focus when it is closed
            return
        self._ended = True
        number, changed = self.number(), self.text() != self._before
        self.left.emit()
        if takes and changed and number is not None:
            self.entered.emit(number)
