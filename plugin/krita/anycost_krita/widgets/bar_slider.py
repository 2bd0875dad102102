"""A slider as Krita's own: a bar with its name at the left and its value at the right, filled from where it begins."""

from collections.abc import Callable

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, place_of, pyqtSignal
from anycost_krita.base.slot_errors import keeps_keys, reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.bar_painter import paint_bar
from anycost_krita.widgets.number_field import NumberField

STEPS = 100  # per 1.0
HEIGHT = 22  # pixels
_STEP, _FINE, _PAGE = 0.05, 0.01, 0.25  # of the keys and the wheel; with Shift; of page up and down
_SLOWER = 0.1  # of the mouse, with Shift
_SNAP = 0.03  # nearer than this to one of them is there, while dragging
_CLEARING = {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}
_TYPED = {Qt.Key(ord(digit)) for digit in "0123456789+-.,"}
_MOVES = {
    Qt.Key.Key_Right: _STEP,
    Qt.Key.Key_Up: _STEP,
    Qt.Key.Key_Left: -_STEP,
    Qt.Key.Key_Down: -_STEP,
    Qt.Key.Key_PageUp: _PAGE,
    Qt.Key.Key_PageDown: -_PAGE,
}
_ENDS = {Qt.Key.Key_Home, Qt.Key.Key_End}
_ENTERS = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2}
_KEYS = _CLEARING | _TYPED | set(_MOVES) | _ENDS | _ENTERS


def signed(value: float) -> str:
    """Such as "+0.80", "−0.30" or "0.00"."""
    sign = "+" if value > 0.004 else "−" if value < -0.004 else ""
    return f"{sign}{abs(value):.2f}"


class BarSlider(QtWidgets.QSlider):
    """`moved` while it is dragged and by keys; `released` when that is done: one step to undo. Dragging begins
    anywhere, and is ten times finer with Shift. A double-click, Enter or a digit opens a field for the number, which
    may lie beyond the ends; Delete goes back to `rest`. The wheel turns it only while it has the focus."""

    moved = pyqtSignal(float)
    released = pyqtSignal()

    def __init__(
        self,
        name: str,
        least: float = -1.0,
        most: float = 1.0,
        *,
        zero: float = 0.0,  # where the fill begins
        rest: float = 0.0,  # where Delete goes
        limits: tuple[float, float] | None = None,  # of typed values; None: the ends
        text: Callable[[float], str] = signed,
        unit: float = 1.0,  # of typed numbers: 0.01 for per cent
        snaps: tuple[float, ...] | None = None,  # that a drag finds easily; None: `rest`
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.name = name
        self._zero, self._rest, self._text, self._unit = zero, rest, text, unit
        self._limits = limits or (least, most)
        self._snaps = (rest,) if snaps is None else snaps
        self._value = rest
        self._mixed = False
        self._reach: float | None = None
        self._anchor: tuple[float, float, bool] | None = None  # while dragging: x, value there, whether it is fine
        self._moved_far = False  # the mouse has, since it was pressed
        self._before = rest  # the value before the mouse was pressed
        self._click = QtCore.QTimer(self)  # runs while a click may still become a double one, which changes nothing
        self._click.setSingleShot(True)
        self._click.timeout.connect(self._clicked)
        self._field: NumberField | None = None
        self.setAccessibleName(name)
        self.setRange(round(least * STEPS), round(most * STEPS))
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(72)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(180, HEIGHT)

    @property
    def strength(self) -> float:
        return self._value

    def show_strength(self, strength: float, mixed: bool = False) -> None:
        """Emits no signal. Values beyond the ends fill it to the end."""
        self._value, self._mixed = strength, mixed
        self.blockSignals(True)
        self.setValue(round(strength * STEPS))
        self.blockSignals(False)
        self.update()

    def show_reach(self, reach: float | None) -> None:
        """Writes beside the name how much of what is asked can be had, 0…1; None: nothing."""
        self._reach = reach
        self.update()

    @property
    def shown_name(self) -> str:
        return self.name if self._reach is None else f"{self.name} ({round(100 * self._reach)} %)"

    @property
    def dragging(self) -> bool:
        return self._anchor is not None

    @property
    def shown_text(self) -> str:
        """The value, as it is written: with ~ where several differ."""
        return ("~" if self._mixed else "") + self._text(self._value)

    def x_of(self, strength: float) -> float:
        """Pixels from the left."""
        share = (strength * STEPS - self.minimum()) / (self.maximum() - self.minimum())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            share = 1 - share
        return self.width() * min(max(share, 0.0), 1.0)

    def enter(self, first: str = "") -> NumberField:
        """Opens the field for the number; `first`: what was typed already."""
        if self._field is None:
            self._field = NumberField(self, self._value / self._unit, first)
            self._field.entered.connect(self._entered)
            self._field.left.connect(self._close_field)
        return self._field

    # ------------------------------------------------------------------ inside

    def _set(self, value: float, done: bool) -> None:
        least, most = self._limits
        self._click.stop()
        self.show_strength(round(min(max(value, least), most), 4))
        self.moved.emit(self._value)
        if done:
            self.released.emit()

    @reports_errors
    def _entered(self, number: float) -> None:
        self._set(number * self._unit, done=True)

    @reports_errors
    def _close_field(self) -> None:
        if self._field is not None:
            field, self._field = self._field, None
            field.hide()
            field.deleteLater()
            self.update()

    def _within(self, value: float) -> float:
        return min(max(value, self.minimum() / STEPS), self.maximum() / STEPS)

    # -------------------------------------------------------------------- events

    def event(self, event: QtCore.QEvent) -> bool:
        return keeps_keys(event, _KEYS) or super().event(event)

    @reports_errors
    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        modifier = Qt.KeyboardModifier
        key, fine = event.key(), bool(event.modifiers() & modifier.ShiftModifier)
        if event.modifiers() & (modifier.ControlModifier | modifier.AltModifier | modifier.MetaModifier):
            event.ignore()
        elif key in _MOVES:
            step = _MOVES[key]
            step = step if not fine else _FINE if step > 0 else -_FINE
            self._set(self._within(self._value + step), done=True)
        elif key in _ENDS:
            self._set((self.minimum() if key == Qt.Key.Key_Home else self.maximum()) / STEPS, done=True)
        elif key in _CLEARING:
            self._set(self._rest, done=True)
        elif key in _ENTERS or (event.text() and event.text() in "0123456789+-.,"):
            self.enter(event.text() if key not in _ENTERS else "").setFocus()
        else:
            event.ignore()

    @reports_errors
    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()  # Alt turns it sideways
        if not self.hasFocus() or not turned:
            event.ignore()  # the list scrolls; a strength never changes by accident
            return
        step = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP
        self._set(self._within(self._value + (step if turned > 0 else -step)), done=True)
        event.accept()

    @reports_errors
    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            x, fine = place_of(event).x(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._before, self._moved_far = self._value, False
            self._anchor = (x, self._within(self._value) if fine else self._at(x), fine)
            if not fine:
                self._drag_to(x, fine)

    @reports_errors
    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._anchor is not None:
            self._moved_far = True
            self._drag_to(place_of(event).x(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    @reports_errors
    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._anchor is not None and event.button() == Qt.MouseButton.LeftButton:
            self._anchor = None
            self.update()
            if self._moved_far:
                self.released.emit()
            else:
                self._click.start(QtWidgets.QApplication.doubleClickInterval())

    @reports_errors
    def _clicked(self) -> None:
        self.released.emit()

    @reports_errors
    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._anchor = None
            self._click.stop()
            self._set(self._before, done=False)
            self.enter().setFocus()

    def _at(self, x: float) -> float:
        share = min(max(x / max(self.width(), 1), 0.0), 1.0)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            share = 1 - share
        return (self.minimum() + share * (self.maximum() - self.minimum())) / STEPS

    def _drag_to(self, x: float, fine: bool) -> None:
        """As far as the mouse has moved since the anchor, which moves where Shift is pressed or let go."""
        if self._anchor is None:
            return
        begin, value, was_fine = self._anchor
        if fine is not was_fine:
            begin, value = x, self._within(self._value)
            self._anchor = (begin, value, fine)
        length = (self.maximum() - self.minimum()) / STEPS / max(self.width(), 1)
        sign = -1 if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else 1
        value = self._within(value + sign * (x - begin) * length * (_SLOWER if fine else 1.0))
        if not fine:
            value = next((snap for snap in self._snaps if abs(value - snap) < _SNAP), value)
        self._set(round(value, 2), done=False)

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._field is not None:
            self._field.setGeometry(self.rect())

    @reports_errors
    def contextMenuEvent(self, event: QtGui.QContextMenuEvent) -> None:
        menu = QtWidgets.QMenu(self)
        menu.addAction(tr("Enter a number")).triggered.connect(lambda: self.enter().setFocus())
        menu.addAction(tr("Back to {value}", value=self._text(self._rest))).triggered.connect(
            lambda: self._set(self._rest, done=True)
        )
        menu.exec(event.globalPos())

    @reports_errors
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        paint_bar(self, self.shown_name, self.shown_text, self.x_of(self._zero), self.x_of(self._value), self.dragging)
