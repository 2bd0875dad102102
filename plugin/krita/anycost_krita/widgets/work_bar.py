"""The lower part of a dialog for a long task: progress and buttons."""

from anycost_client.edit.multi_layer import Work

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.labels import FaintLabel


class WorkBar(QtWidgets.QWidget):
    started = pyqtSignal()
    cancelled = pyqtSignal()  # while it runs
    left = pyqtSignal()  # else: the dialog may close

    def __init__(self, verb: str) -> None:
        super().__init__()
        self.text = FaintLabel()
        self.bar = QtWidgets.QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.start = QtWidgets.QPushButton(verb)
        self.start.setDefault(True)
        self.cancel = QtWidgets.QPushButton(tr("Close"))
        buttons = QtWidgets.QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.start)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.text)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)
        self._running, self._allowed = False, True
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(self._cancel)
        self.show_work(Work())

    def allow(self, allowed: bool, why: str = "") -> None:
        """Whether it can be started; if not, why."""
        self._allowed = allowed
        if not self._running:
            self.show_work(Work(text=why))

    def show_work(self, work: Work) -> None:
        self._running = work.running
        self.text.setText(work.text)
        self.text.setVisible(bool(work.text))
        self.bar.setVisible(work.fraction is not None)
        if work.fraction is not None:
            self.bar.setRange(0, 0 if work.fraction < 0 else 1000)
            self.bar.setValue(round(1000 * max(work.fraction, 0)))
        self.start.setEnabled(self._allowed and not work.running)
        self.cancel.setText(tr("Cancel") if work.running else tr("Close"))

    @reports_errors
    def _start(self) -> None:
        self.started.emit()

    @reports_errors
    def _cancel(self) -> None:
        if self._running:
            self.cancelled.emit()
        else:
            self.left.emit()
