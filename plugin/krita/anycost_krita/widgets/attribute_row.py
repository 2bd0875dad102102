"""One attribute: its name, slider, typed value and lock."""

from anycost_client.edit.presets import MAX_STRENGTH
from anycost_client.protocol.messages import Attribute

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.widgets.attribute_slider import AttributeSlider
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.labels import ShortLabel

WIDEST_NAME = 104  # pixels: longer names end in …


class StrengthBox(QtWidgets.QDoubleSpinBox):
    """Typed strengths, such as +0.80; takes the wheel only when it has been clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setRange(-MAX_STRENGTH, MAX_STRENGTH)
        self.setSingleStep(0.05)
        self.setDecimals(2)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QtWidgets.QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("~+0.00") + 12)

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        return f"+{text}" if value > 0.004 else text.replace("-", "") if abs(value) < 0.005 else text

    @reports_errors
    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class AttributeRow(QtWidgets.QWidget):
    """Shows values and reports what the user did."""

    changed = pyqtSignal(
        str, float, bool
    )  # attribute, strength, whether the change is done (not in the midst of a drag)
    lock_changed = pyqtSignal(str, bool)

    def __init__(self, attribute: Attribute) -> None:
        super().__init__()
        self.attribute = attribute
        self.name = attribute_labels.label(attribute)
        about = attribute_labels.about(attribute)
        self.label = ShortLabel(self.name)
        self.label.explain(about)
        fixed = QtWidgets.QSizePolicy.Policy.Fixed
        self.label.setSizePolicy(fixed, fixed)
        self.slider = AttributeSlider(attribute.least, attribute.most)
        self.slider.setToolTip(tr("{about}. Double-click: back to 0", about=about))
        self.slider.setAccessibleName(self.name)
        self.box = StrengthBox()
        self.box.setAccessibleName(self.name)
        self.lock = GlyphButton(
            "unlocked",
            tr("Lock: stays as it is seen while others move; presets and Reset leave it too"),
            True,
            "locked",
        )
        self.lock.setFixedSize(20, 22)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.label)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.box)
        layout.addWidget(self.lock)
        self._shown: tuple[float, bool, bool] | None = None  # None: the user has changed what is seen
        self.slider.moved.connect(self._moved)
        self.slider.released.connect(self._released)
        self.slider.cleared.connect(self._cleared)
        self.box.valueChanged.connect(self._typed)
        self.lock.toggled.connect(self._locked)
        self.search_text = attribute_labels.searched(attribute)

    def name_width(self) -> int:
        """Pixels that the name needs."""
        return min(self.label.fontMetrics().horizontalAdvance(self.name) + 4, WIDEST_NAME)

    def show_strength(self, strength: float, mixed: bool, locked: bool) -> None:
        if (strength, mixed, locked) == self._shown:
            return  # there are many rows, and a drag changes one
        self._shown = (strength, mixed, locked)
        if not self.slider.dragging:
            self.slider.show_strength(strength, mixed)
        self._show_in_box(strength)
        self.box.setPrefix("~" if mixed else "")
        self.box.setToolTip(tr("The chosen faces differ: this is the first one's") if mixed else "")
        self.lock.blockSignals(True)
        self.lock.setChecked(locked)
        self.lock.blockSignals(False)
        for part in (self.label, self.slider, self.box):
            part.setEnabled(not locked)

    def _show_in_box(self, strength: float) -> None:
        self.box.blockSignals(True)
        self.box.setValue(strength)
        self.box.blockSignals(False)

    @reports_errors
    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        if self.label.geometry().contains(event.pos()) and self.label.isEnabled():
            self._cleared()

    @reports_errors
    def _moved(self, strength: float) -> None:
        self._shown = None
        self._show_in_box(strength)
        self.changed.emit(self.attribute.name, strength, False)

    @reports_errors
    def _released(self) -> None:
        self._shown = None
        self.changed.emit(self.attribute.name, self.box.value(), True)

    @reports_errors
    def _cleared(self) -> None:
        self._shown = None
        self.slider.show_strength(0.0)
        self._show_in_box(0.0)
        self.changed.emit(self.attribute.name, 0.0, True)

    @reports_errors
    def _typed(self, strength: float) -> None:
        self._shown = None
        self.slider.show_strength(strength)
        self.changed.emit(self.attribute.name, round(strength, 4), True)

    @reports_errors
    def _locked(self, locked: bool) -> None:
        self._shown = None
        self.lock_changed.emit(self.attribute.name, locked)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(240, 24)
