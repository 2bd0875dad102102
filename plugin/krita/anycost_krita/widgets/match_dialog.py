"""Match: from which layer's face to take over, and what."""

from collections.abc import Sequence

from anycost_client.edit.multi_layer import ABOUT_MATCH, MATCHED, NO_LAYER, Work

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Layer
from anycost_krita.widgets.labels import FaintLabel
from anycost_krita.widgets.work_bar import WorkBar


class MatchDialog(QtWidgets.QDialog):
    start_wanted = pyqtSignal(object, str)  # Layer, what
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Match another face"))
        self.layer = QtWidgets.QComboBox()
        self.layer.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.layer.setMinimumContentsLength(16)
        self.what = QtWidgets.QComboBox()
        for name, text in MATCHED:
            self.what.addItem(tr(text), name)
        form = QtWidgets.QFormLayout()
        form.addRow(tr("Take"), self.what)
        form.addRow(tr("From"), self.layer)
        about = tr(ABOUT_MATCH)
        self.work = WorkBar(tr("Match"))
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(FaintLabel(about))
        layout.addStretch(1)
        layout.addWidget(self.work)
        self.resize(340, 200)
        self.work.started.connect(self._start)
        self.work.cancelled.connect(self.cancel_wanted)
        self.work.left.connect(self.close)

    def offer(self, layers: Sequence[Layer]) -> None:
        """Keeps the choice if that layer still exists."""
        chosen = self.layer.currentData()
        self.layer.clear()
        for layer in layers:
            self.layer.addItem(layer.name, layer)
        same = next((at for at, layer in enumerate(layers) if chosen is not None and layer.id == chosen.id), 0)
        self.layer.setCurrentIndex(same if layers else -1)
        self.work.allow(bool(layers), "" if layers else tr(NO_LAYER))

    def show_work(self, work: Work) -> None:
        self.work.show_work(work)
        for choice in (self.layer, self.what):
            choice.setEnabled(not work.running)

    @reports_errors
    def _start(self) -> None:
        self.start_wanted.emit(self.layer.currentData(), self.what.currentData())

    @reports_errors
    def reject(self) -> None:
        """Escape, or the window's own button: what runs is cancelled."""
        self.cancel_wanted.emit()
        super().reject()
