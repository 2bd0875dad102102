"""Shown while nothing is edited: the situation, the remedy, and a button for it."""

from anycost_client.edit.page_texts import Notice

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.glyphs import Glyph
from anycost_krita.widgets.labels import FaintLabel


class StatePage(QtWidgets.QWidget):
    pressed = pyqtSignal()
    cancelled = pyqtSignal()
    report_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._glyph = Glyph("smile", 40)
        self.title = QtWidgets.QLabel()
        font = QtGui.QFont(self.title.font())
        font.setBold(True)
        self.title.setFont(font)
        self.text = FaintLabel()
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.bar = QtWidgets.QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.button = QtWidgets.QPushButton()
        self.button.setDefault(True)
        self.cancel = QtWidgets.QPushButton(tr("Cancel"))
        self.report = QtWidgets.QPushButton(tr("Copy report"))
        self.report.setToolTip(tr("Versions, state and log, without your name, folders and pictures"))
        column = QtWidgets.QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addWidget(self.bar)
        column.addSpacing(4)
        for button in (self.button, self.cancel, self.report):
            button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
            column.addWidget(button)
        inner = QtWidgets.QWidget()
        inner.setLayout(column)
        inner.setMaximumWidth(280)
        column.setContentsMargins(8, 0, 8, 0)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(1)
        centred = QtWidgets.QVBoxLayout()
        centred.addStretch(2)
        centred.addWidget(inner)
        centred.addStretch(3)
        layout.addLayout(centred, 100)
        layout.addStretch(1)
        self.button.clicked.connect(self._pressed)
        self.cancel.clicked.connect(self._cancelled)
        self.report.clicked.connect(self._report)

    def show_notice(self, notice: Notice) -> None:
        self._glyph.show_glyph(notice.glyph)
        self.title.setText(notice.title)
        self.text.setText(notice.text)
        self.text.setVisible(bool(notice.text))
        self.button.setText(notice.button)
        self.button.setVisible(bool(notice.button))
        self.cancel.setVisible(notice.can_cancel)
        self.report.setVisible(notice.report)
        self.report.setText(tr("Copy report"))
        self.bar.setVisible(notice.fraction is not None)
        if notice.fraction is not None:
            self.bar.setRange(0, 0 if notice.fraction < 0 else 1000)
            self.bar.setValue(round(1000 * max(notice.fraction, 0)))

    @reports_errors
    def _pressed(self) -> None:
        self.pressed.emit()

    @reports_errors
    def _cancelled(self) -> None:
        self.cancelled.emit()

    @reports_errors
    def _report(self) -> None:
        self.report_wanted.emit()
        self.report.setText(tr("Copied"))

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(280, 320)
