"""Refine: the balance between faithful and editable, and the button that starts and stops it."""

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.attribute_slider import AttributeSlider
from anycost_krita.widgets.labels import FaintLabel


class RefineBar(QtWidgets.QWidget):
    wanted = pyqtSignal(float)  # 0: easy to edit … 1: like the photo
    stopped = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        tip = tr(
            "Fits the model to this face for half a minute. Faithful: like the photo. Editable: edits reach further"
        )
        self.slider = AttributeSlider(0.0, 1.0, zero=0.5)
        self.slider.setAccessibleName(tr("Faithful or editable"))
        self.slider.setToolTip(tip)
        self.slider.show_strength(0.5)
        self.slider.cleared.connect(self._middle)
        self.button = QtWidgets.QPushButton(tr("Refine"))
        self.button.setToolTip(tip)
        self.button.clicked.connect(self._clicked)
        self._running = False
        left, right = FaintLabel(tr("Editable")), FaintLabel(tr("Faithful"))
        for label in (left, right):
            label.setWordWrap(False)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(left)
        layout.addWidget(self.slider, 1)
        layout.addWidget(right)
        layout.addWidget(self.button)

    def show_running(self, running: bool, possible: bool) -> None:
        self._running = running
        self.button.setText(tr("Stop") if running else tr("Refine"))
        self.button.setEnabled(running or possible)
        self.slider.setEnabled(possible and not running)

    @reports_errors
    def _middle(self) -> None:
        self.slider.show_strength(0.5)

    @reports_errors
    def _clicked(self) -> None:
        if self._running:
            self.stopped.emit()
        else:
            self.wanted.emit(self.slider.value() / 100)
