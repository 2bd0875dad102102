"""Learn an attribute: its name, layers whose faces have it, and layers whose faces do not."""

from collections.abc import Sequence

from anycost_client.edit.attribute_labels import MIN_FACES, name_of
from anycost_client.edit.multi_layer import ABOUT_LEARN, Work, can_learn

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Layer
from anycost_krita.widgets.labels import FaintLabel
from anycost_krita.widgets.work_bar import WorkBar

_WITH, _WITHOUT = 1, 2  # columns


class _Boxes(QtWidgets.QStyledItemDelegate):
    """Boxes to tick with an outline that is seen in dark themes, too: the style's own is darker than its ground."""

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        super().paint(painter, option, index)
        self.initStyleOption(option, index)
        element = QtWidgets.QStyle.SubElement.SE_ItemViewItemCheckIndicator
        place = QtWidgets.QApplication.style().subElementRect(element, option, option.widget)
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            colour = QtGui.QColor(option.palette.color(QtGui.QPalette.ColorRole.Text))
            colour.setAlphaF(0.6)
            painter.save()
            painter.setPen(colour)
            painter.drawRect(place.adjusted(1, 1, -2, -2))
            painter.restore()


class LearnDialog(QtWidgets.QDialog):
    start_wanted = pyqtSignal(str, tuple, tuple)  # name, layers with it, layers without it
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Make a slider from layers"))
        self.name = QtWidgets.QLineEdit()
        self.name.setMaxLength(40)
        form = QtWidgets.QFormLayout()
        form.addRow(tr("Name"), self.name)
        self.list = QtWidgets.QTreeWidget()
        self.list.setHeaderLabels([tr("Layer"), tr("has it"), tr("has it not")])
        self.list.setRootIsDecorated(False)
        self.list.setItemDelegate(_Boxes(self.list))
        self.list.setAccessibleName(tr("Layers"))
        self.list.header().setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.list.header().setStretchLastSection(False)
        about = tr(ABOUT_LEARN, least=MIN_FACES)
        self.work = WorkBar(tr("Make slider"))
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self.list, 1)
        layout.addWidget(FaintLabel(about))
        layout.addWidget(self.work)
        self.resize(400, 460)
        self._layers: tuple[Layer, ...] = ()
        self.name.textChanged.connect(self._check)
        self.list.itemChanged.connect(self._changed)
        self.work.started.connect(self._start)
        self.work.cancelled.connect(self.cancel_wanted)
        self.work.left.connect(self.close)

    def offer(self, layers: Sequence[Layer]) -> None:
        """Keeps the marks of layers that still exist."""
        kept = {id: column for column in (_WITH, _WITHOUT) for id in (layer.id for layer in self._marked(column))}
        self._layers = tuple(layers)
        self.list.blockSignals(True)
        self.list.clear()
        for layer in layers:
            item = QtWidgets.QTreeWidgetItem([layer.name, "", ""])
            item.setToolTip(0, layer.name)
            for column in (_WITH, _WITHOUT):
                marked = kept.get(layer.id) == column
                item.setCheckState(column, Qt.CheckState.Checked if marked else Qt.CheckState.Unchecked)
            self.list.addTopLevelItem(item)
        self.list.blockSignals(False)
        self._check()

    def show_work(self, work: Work) -> None:
        self.work.show_work(work)
        for part in (self.name, self.list):
            part.setEnabled(not work.running)

    # ------------------------------------------------------------------ inside

    def _marked(self, column: int) -> tuple[Layer, ...]:
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        pairs = zip(self._layers, items, strict=True)
        return tuple(layer for layer, item in pairs if item.checkState(column) == Qt.CheckState.Checked)

    @reports_errors
    def _changed(self, item: QtWidgets.QTreeWidgetItem, column: int) -> None:
        """A layer has it or has it not."""
        if column in (_WITH, _WITHOUT) and item.checkState(column) == Qt.CheckState.Checked:
            item.setCheckState(_WITH + _WITHOUT - column, Qt.CheckState.Unchecked)
        self._check()

    @reports_errors
    def _check(self) -> None:
        positive, negative = (len(self._marked(column)) for column in (_WITH, _WITHOUT))
        self.work.allow(can_learn(self.name.text(), positive, negative))

    @reports_errors
    def _start(self) -> None:
        self.start_wanted.emit(name_of(self.name.text()), self._marked(_WITH), self._marked(_WITHOUT))

    @reports_errors
    def reject(self) -> None:
        """Escape, or the window's own button: what runs is cancelled."""
        self.cancel_wanted.emit()
        super().reject()
