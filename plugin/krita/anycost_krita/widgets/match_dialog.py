"""Match: from which layer's face to take over, and what."""

from collections.abc import Sequence

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import mark, tr
from anycost_krita.document.host_interface import Layer
from anycost_krita.widgets.labels import FaintLabel
from anycost_krita.widgets.work_bar import WorkBar

_WHAT = (  # as the backend names it
    ("expression", mark("Expression")),
    ("pose", mark("Pose")),
    ("hair", mark("Hair")),
    ("lighting", mark("Lighting")),
)


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
        for name, text in _WHAT:
            self.what.addItem(tr(text), name)
        form = QtWidgets.QFormLayout()
        form.addRow(tr("Take"), self.what)
        form.addRow(tr("From"), self.layer)
        about = tr("The largest face there is taken. Sliders show what they can of it, and undo brings it back.")
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
        """Keeps the choice, if it is there still."""
        chosen = self.layer.currentData()
        self.layer.clear()
        for layer in layers:
            self.layer.addItem(layer.name, layer)
        same = next((at for at, layer in enumerate(layers) if chosen is not None and layer.id == chosen.id), 0)
        self.layer.setCurrentIndex(same if layers else -1)
        self.work.allow(bool(layers), "" if layers else tr("There is no other layer with a picture."))

    def show_work(self, running: bool, text: str, fraction: float | None) -> None:
        self.work.show_work(running, text, fraction)
        for choice in (self.layer, self.what):
            choice.setEnabled(not running)

    @reports_errors
    def _start(self) -> None:
        self.start_wanted.emit(self.layer.currentData(), self.what.currentData())

    @reports_errors
    def reject(self) -> None:
        """Escape, or the window's own button: what runs is cancelled."""
        self.cancel_wanted.emit()
        super().reject()
