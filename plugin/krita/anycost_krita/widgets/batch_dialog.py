"""The batch: which layers, which faces, one bar of progress, and what became of each layer."""

from collections.abc import Sequence

from anycost_client.edit.batch import BatchItem, Outcome

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import mark, tr
from anycost_krita.document.host_interface import Layer, Scope
from anycost_krita.widgets import glyphs
from anycost_krita.widgets.labels import FaintLabel

_SCOPES: tuple[tuple[Scope, str], ...] = (
    ("selected", mark("Selected layers")),
    ("group", mark("Layers of the active group")),
    ("keyframes", mark("Keyframes of the active layer")),
)
_GLYPHS = {
    Outcome.WAITING: "",
    Outcome.RUNNING: "open",
    Outcome.DONE: "done",
    Outcome.NO_FACE: "no_face",
    Outcome.FAILED: "warning",
    Outcome.CANCELLED: "close",
}


class _Line(QtWidgets.QStyledItemDelegate):
    """Glyph, name of the layer, and under it what became of it."""

    def sizeHint(self, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> QtCore.QSize:
        lines = 2 if index.data(Qt.ItemDataRole.UserRole + 1) else 1
        return QtCore.QSize(160, lines * option.fontMetrics.height() + 10)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        painter.save()
        role, state = QtGui.QPalette.ColorRole, QtWidgets.QStyle.StateFlag
        chosen = bool(option.state & state.State_Selected)
        if chosen:
            painter.fillRect(option.rect, option.palette.color(role.Highlight))
        colour = option.palette.color(role.HighlightedText if chosen else role.Text)
        glyph, text = index.data(Qt.ItemDataRole.UserRole), index.data(Qt.ItemDataRole.UserRole + 1)
        height = option.fontMetrics.height()
        place = QtCore.QRect(option.rect).adjusted(28, 5, -6, -5)
        if glyph:
            spot = QtCore.QRectF(option.rect.x() + 6, place.y() + (height - 14) / 2, 14, 14)
            glyphs.draw(painter, glyph, spot, colour)
        painter.setPen(colour)
        elide = Qt.TextElideMode.ElideRight
        name = option.fontMetrics.elidedText(str(index.data()), elide, place.width())
        painter.drawText(QtCore.QPoint(place.x(), place.y() + option.fontMetrics.ascent()), name)
        if text:
            faint = QtGui.QColor(colour)
            faint.setAlphaF(0.65)
            painter.setPen(faint)
            line = option.fontMetrics.elidedText(str(text), elide, place.width())
            painter.drawText(QtCore.QPoint(place.x(), place.y() + height + option.fontMetrics.ascent()), line)
        painter.restore()


class BatchDialog(QtWidgets.QDialog):
    scope_changed = pyqtSignal(str)
    start_wanted = pyqtSignal(str, bool)  # scope, all faces
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Edit faces in many layers"))
        self.edit = FaintLabel()
        self.scope = QtWidgets.QComboBox()
        for name, text in _SCOPES:
            self.scope.addItem(tr(text), name)
        self.faces = QtWidgets.QComboBox()
        self.faces.addItem(tr("The largest face of each"), False)
        self.faces.addItem(tr("All faces"), True)
        form = QtWidgets.QFormLayout()
        form.addRow(tr("Edit"), self.edit)
        form.addRow(tr("In"), self.scope)
        form.addRow(tr("Faces"), self.faces)
        self.list = QtWidgets.QListWidget()
        self.list.setItemDelegate(_Line(self.list))
        self.list.setAccessibleName(tr("Layers"))
        self.problem = FaintLabel()
        self.bar = QtWidgets.QProgressBar()
        self.summary = FaintLabel()
        self.start = QtWidgets.QPushButton(tr("Start"))
        self.start.setDefault(True)
        self.cancel = QtWidgets.QPushButton(tr("Cancel"))
        buttons = QtWidgets.QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.start)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.summary)
        layout.addLayout(buttons)
        self.resize(380, 440)
        self._running = False
        self.scope.currentIndexChanged.connect(self._scope)
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(self._cancel)

    @property
    def chosen_scope(self) -> Scope:
        return self.scope.currentData()

    def show_edit(self, text: str) -> None:
        self.edit.setText(text)

    def show_items(self, items: Sequence[BatchItem[Layer]], running: bool, problem: str = "") -> None:
        self._running = running
        if self.list.count() != len(items):
            self.list.clear()
            self.list.addItems([""] * len(items))
        for row, item in enumerate(items):
            line = self.list.item(row)
            line.setText(item.layer.name)
            line.setData(Qt.ItemDataRole.UserRole, _GLYPHS[item.outcome])
            line.setData(Qt.ItemDataRole.UserRole + 1, tr("running…") if item.outcome is Outcome.RUNNING else item.text)
            line.setToolTip(item.text)
            if item.outcome is Outcome.RUNNING:
                self.list.scrollToItem(line)
        self.list.setVisible(bool(items))
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        finished = [item for item in items if item.finished]
        self.bar.setRange(0, max(len(items), 1))
        self.bar.setValue(len(finished))
        self.bar.setFormat(tr("{done} of {all}", done=len(finished), all=len(items)))
        self.bar.setVisible(running or bool(finished))
        over = bool(finished) and not running
        self.summary.setText(_summary(finished) if over else "")
        self.summary.setVisible(over)
        self.start.setEnabled(bool(items) and not running)
        self.start.setText(tr("Start again") if over else tr("Start"))
        self.cancel.setText(tr("Cancel") if running else tr("Close"))
        for choice in (self.scope, self.faces):
            choice.setEnabled(not running)

    @reports_errors
    def _scope(self) -> None:
        self.scope_changed.emit(self.chosen_scope)

    @reports_errors
    def _start(self) -> None:
        self.start_wanted.emit(self.chosen_scope, bool(self.faces.currentData()))

    @reports_errors
    def _cancel(self) -> None:
        if self._running:
            self.cancel_wanted.emit()
        else:
            self.close()

    @reports_errors
    def reject(self) -> None:
        """Escape, or the window's own button: what runs is cancelled."""
        if self._running:
            self.cancel_wanted.emit()
        super().reject()


def _summary(finished: Sequence[BatchItem[Layer]]) -> str:
    counts = [(text, sum(item.outcome in which for item in finished)) for text, which in _COUNTED]
    return " · ".join(tr(text, count=count) for text, count in counts if count)


_COUNTED = (
    (mark("{count} done"), (Outcome.DONE,)),
    (mark("{count} without a face"), (Outcome.NO_FACE,)),
    (mark("{count} failed"), (Outcome.FAILED,)),
    (mark("{count} cancelled"), (Outcome.CANCELLED,)),
)
