"""A slider for a strength: it begins at zero in the middle, is filled from there, and a double-click brings it back."""

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, place_of, pyqtSignal
from anycost_krita.base.slot_errors import keeps_keys, reports_errors

STEPS = 100  # per 1.0 of strength
_HANDLE = 6.0  # pixels, radius
_KEYS = {
    getattr(Qt.Key, f"Key_{name}") for name in ("Left", "Right", "Up", "Down", "Home", "End", "PageUp", "PageDown")
}
_SNAP = 0.03  # strength: nearer to zero than this is zero, while dragging


class AttributeSlider(QtWidgets.QSlider):
    """`moved` while dragging and by keys, with the strength; `released` when a drag ends."""

    moved = pyqtSignal(float)
    released = pyqtSignal()
    cleared = pyqtSignal()  # double-click

    def __init__(self, least: float = -1.0, most: float = 1.0, zero: float = 0.0) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(round(least * STEPS), round(most * STEPS))
        self.setSingleStep(STEPS // 20)
        self.setPageStep(STEPS // 4)
        self._zero = zero  # strength: where the fill begins
        self._mixed = False
        self._drag = False
        self.setFixedHeight(22)
        self.setMinimumWidth(48)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.actionTriggered.connect(self._acted)

    def show_strength(self, strength: float, mixed: bool = False) -> None:
        """Emits no signal. Values beyond the ends are shown at the end."""
        self._mixed = mixed
        self.blockSignals(True)
        self.setValue(round(strength * STEPS))
        self.blockSignals(False)
        self.update()

    @property
    def dragging(self) -> bool:
        return self._drag

    @reports_errors
    def _acted(self, action: int) -> None:
        """Keys (the mouse is handled here): each is a change of its own."""
        if not self._drag:
            self.moved.emit(self.sliderPosition() / STEPS)
            self.released.emit()

    def event(self, event: QtCore.QEvent) -> bool:
        return keeps_keys(event, _KEYS) or super().event(event)

    @reports_errors
    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        event.ignore()  # the list scrolls; a strength never changes by accident

    @reports_errors
    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = True
            self._drag_to(place_of(event).x())

    @reports_errors
    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._drag:
            self._drag_to(place_of(event).x())

    @reports_errors
    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._drag and event.button() == Qt.MouseButton.LeftButton:
            self._drag = False
            self.update()
            self.released.emit()

    @reports_errors
    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        self._drag = False
        self.cleared.emit()

    def _drag_to(self, x: float) -> None:
        left, width = self._track()
        share = min(max((x - left) / width, 0.0), 1.0)
        strength = (self.minimum() + share * (self.maximum() - self.minimum())) / STEPS
        if abs(strength - self._zero) < _SNAP:
            strength = self._zero
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            strength = (self.minimum() + self.maximum()) / STEPS - strength
        self.show_strength(strength)
        self.moved.emit(self.value() / STEPS)

    def _track(self) -> tuple[float, float]:
        """Left end and length of the groove, pixels."""
        return _HANDLE + 1, max(self.width() - 2 * _HANDLE - 2, 1.0)

    def _x(self, strength: float) -> float:
        left, width = self._track()
        share = (strength * STEPS - self.minimum()) / (self.maximum() - self.minimum())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            share = 1 - share
        return left + width * min(max(share, 0.0), 1.0)

    @reports_errors
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        group = QtGui.QPalette.ColorGroup.Active if self.isEnabled() else QtGui.QPalette.ColorGroup.Disabled
        role, palette = QtGui.QPalette.ColorRole, self.palette()
        text = QtGui.QColor(palette.color(group, role.WindowText))
        accent = palette.color(group, role.Highlight) if self.isEnabled() else text
        middle = self.height() / 2
        left, width = self._track()
        groove = QtGui.QColor(text)
        groove.setAlphaF(0.22 if self.isEnabled() else 0.12)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(groove)
        painter.drawRoundedRect(QtCore.QRectF(left, middle - 1.5, width, 3), 1.5, 1.5)
        zero, here = self._x(self._zero), self._x(self.value() / STEPS)
        painter.drawRect(QtCore.QRectF(zero - 0.5, middle - 5, 1, 10))
        if self.isEnabled():
            painter.setBrush(accent)
            painter.drawRoundedRect(QtCore.QRectF(min(zero, here), middle - 1.5, abs(here - zero), 3), 1.5, 1.5)
        rim = QtGui.QColor(accent if self._drag or self.hasFocus() or self.underMouse() else text)
        rim.setAlphaF(1.0 if self.isEnabled() else 0.35)
        painter.setPen(QtGui.QPen(rim, 2.0 if self.hasFocus() or self._drag else 1.3))
        changed = self.value() != round(self._zero * STEPS) and self.isEnabled() and not self._mixed
        painter.setBrush(accent if changed else palette.color(group, role.Button))
        painter.drawEllipse(QtCore.QPointF(here, middle), _HANDLE - 1, _HANDLE - 1)
