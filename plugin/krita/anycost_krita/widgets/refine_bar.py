"""Refine: the balance between faithful and editable, and the button that starts and stops it."""

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.bar_slider import BarSlider


class RefineBar(QtWidgets.QWidget):
    wanted = pyqtSignal(float)  # 0: easy to edit … 1: like the photo
    stopped = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        tip = tr(
            "Fits the model to this face for half a minute. Faithful: like the photo. Editable: edits reach further"
        )
        self.slider = BarSlider(tr("Editable"), 0.0, 1.0, zero=0.5, rest=0.5, text=lambda value: tr("Faithful"))
        self.slider.setAccessibleName(tr("Faithful or editable"))
        self.slider.setToolTip(tip)
        self.slider.show_strength(0.5)
        self.button = QtWidgets.QPushButton(tr("Refine"))
        self.button.setToolTip(tip)
        self.button.clicked.connect(self._clicked)
        self._running = False
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.button)

    def show_running(self, running: bool, possible: bool) -> None:
        self._running = running
        self.button.setText(tr("Stop") if running else tr("Refine"))
        self.button.setEnabled(running or possible)
        self.slider.setEnabled(possible and not running)

    @reports_errors
    def _clicked(self) -> None:
        if self._running:
            self.stopped.emit()
        else:
            self.wanted.emit(self.slider.strength)
