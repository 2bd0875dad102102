"""The faces that were found, as thumbnails: choose one, several (Ctrl or Shift) or all (Ctrl+A, or the button)."""

from collections.abc import Sequence

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets import glyphs

SIDE = 44  # pixels of a thumbnail
_GAP = 3


class _Thumbnail(QtWidgets.QStyledItemDelegate):
    """A rounded image; a ring when it is chosen, a triangle when something may go wrong with it."""

    def sizeHint(self, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> QtCore.QSize:
        return QtCore.QSize(SIDE + 2 * _GAP, SIDE + 2 * _GAP)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        place = QtCore.QRectF(option.rect).adjusted(_GAP, _GAP, -_GAP, -_GAP)
        path = QtGui.QPainterPath()
        path.addRoundedRect(place, 5, 5)
        role, palette = QtGui.QPalette.ColorRole, option.palette
        painter.save()
        painter.setClipPath(path)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        painter.fillRect(place, palette.color(role.AlternateBase))
        if isinstance(image, QtGui.QImage) and not image.isNull():
            painter.drawImage(place, image)
        else:
            glyphs.draw(painter, "smile", place.adjusted(8, 8, -8, -8), palette.color(role.Text))
        painter.restore()
        state = QtWidgets.QStyle.StateFlag
        chosen, focused = bool(option.state & state.State_Selected), bool(option.state & state.State_HasFocus)
        if chosen or focused:
            colour = palette.color(role.Highlight if chosen else role.Text)
            painter.setPen(QtGui.QPen(colour, 2.5 if chosen else 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place.adjusted(-1, -1, 1, 1), 6, 6)
        if index.data(Qt.ItemDataRole.UserRole + 1):
            corner = QtCore.QRectF(place.right() - 15, place.bottom() - 15, 14, 14)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Window))
            painter.drawEllipse(corner.adjusted(-2, -2, 2, 2))
            glyphs.draw(painter, "warning", corner, palette.color(role.WindowText))
        painter.restore()


class FaceStrip(QtWidgets.QWidget):
    chosen = pyqtSignal(tuple)  # ids of the chosen faces, in the order found

    def __init__(self) -> None:
        super().__init__()
        self.list = QtWidgets.QListWidget()
        self.list.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.list.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.list.setWrapping(False)
        self.list.setMovement(QtWidgets.QListView.Movement.Static)
        self.list.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.list.setItemDelegate(_Thumbnail(self.list))
        self.list.setFixedHeight(SIDE + 2 * _GAP + 2)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName(tr("Faces"))
        self.list.setMinimumWidth(SIDE + 2 * _GAP)
        self.list.viewport().setAutoFillBackground(False)
        self.all = QtWidgets.QToolButton()
        self.all.setText(tr("All faces"))
        self.all.setAutoRaise(True)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.all)
        self.list.itemSelectionChanged.connect(self._selected)
        self.all.clicked.connect(self._all)

    def show_faces(self, faces: Sequence[tuple[int, QtGui.QImage, str]], selected: Sequence[int]) -> None:
        """(id, thumbnail, warning) of each."""
        self.list.blockSignals(True)
        self.list.clear()
        for number, (id, image, warning) in enumerate(faces, 1):
            item = QtWidgets.QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, id)
            item.setData(Qt.ItemDataRole.UserRole + 1, warning)
            item.setData(Qt.ItemDataRole.DecorationRole, image)
            name = tr("Face {number}", number=number)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, name)
            tip = [name, tr(warning) if warning else "", tr("Ctrl+click: several") if len(faces) > 1 else ""]
            item.setToolTip("\n".join(line for line in tip if line))
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.show_selected(selected)
        self.all.setVisible(len(faces) > 1)

    def show_selected(self, selected: Sequence[int]) -> None:
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setSelected(item.data(Qt.ItemDataRole.UserRole) in selected)
        self.list.blockSignals(False)
        self.list.viewport().update()

    @reports_errors
    def _selected(self) -> None:
        items = (self.list.item(row) for row in range(self.list.count()))
        self.chosen.emit(tuple(item.data(Qt.ItemDataRole.UserRole) for item in items if item.isSelected()))

    @reports_errors
    def _all(self) -> None:
        self.list.selectAll()
