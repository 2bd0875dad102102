"""All attributes in their groups, with a search field: the part of the docker that scrolls."""

from collections.abc import Iterable

from anycost_client.messages import Attribute
from anycost_client.sliders import Sliders

from .. import attribute_text
from ..guard import guarded
from ..qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from ..text import tr
from . import glyphs
from .attribute_row import AttributeRow
from .labels import FaintLabel


class GroupHeader(QtWidgets.QAbstractButton):
    """The name of a group, with how many of its attributes are changed; a click folds it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(True)
        self.changes = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(24)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(120, 24)

    @guarded
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        role = QtGui.QPalette.ColorRole
        text = self.palette().color(role.WindowText)
        line = QtGui.QColor(text)
        line.setAlphaF(0.15)
        glyph = "opened" if self.isChecked() else "open"
        glyphs.draw(painter, glyph, QtCore.QRectF(0, 6, 12, 12), text)
        font = QtGui.QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(self.palette().color(role.Highlight) if self.hasFocus() else text)
        title = f"{self.text()} · {self.changes}" if self.changes else self.text()
        place = self.rect().adjusted(16, 0, 0, 0)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), title)
        x = 16 + QtGui.QFontMetrics(font).horizontalAdvance(title) + 8
        painter.fillRect(QtCore.QRect(x, self.height() // 2, max(self.width() - x, 0), 1), line)


class AttributeList(QtWidgets.QWidget):
    changed = pyqtSignal(str, float, bool)  # as in AttributeRow
    lock_changed = pyqtSignal(str, bool)

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, AttributeRow] = {}
        self._groups: dict[str, tuple[GroupHeader, list[AttributeRow]]] = {}
        self._folded: set[str] = set()
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText(tr("Search attributes"))
        self.search.setAccessibleName(tr("Search attributes"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.none_found = FaintLabel(tr("No attribute is called like that."))
        self.none_found.hide()
        self._body = QtWidgets.QWidget()
        self._column = QtWidgets.QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(1)
        self.area = QtWidgets.QScrollArea()
        self.area.setWidget(self._body)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setMinimumHeight(72)
        self.area.viewport().setAutoFillBackground(False)
        self._body.setAutoFillBackground(False)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.top = QtWidgets.QHBoxLayout()
        self.top.setSpacing(4)
        self.top.addWidget(self.search, 1)
        layout.addLayout(self.top)
        layout.addWidget(self.none_found)
        layout.addWidget(self.area, 1)

    def offer(self, attributes: Iterable[Attribute]) -> None:
        """Builds the rows; nothing when they are the same as before."""
        attributes = tuple(attributes)
        if [row.attribute for row in self.rows.values()] == list(attributes):
            return
        while self._column.count():
            item = self._column.takeAt(0)
            if item.widget():
                item.widget().deleteLater()
        self.rows.clear()
        self._groups.clear()
        for attribute in attributes:
            if attribute.group not in self._groups:
                header = GroupHeader(attribute_text.group(attribute))
                header.setChecked(attribute.group not in self._folded)
                header.toggled.connect(self._filter)
                self._groups[attribute.group] = (header, [])
            row = AttributeRow(attribute)
            row.changed.connect(self.changed)
            row.lock_changed.connect(self.lock_changed)
            self.rows[attribute.name] = row
            self._groups[attribute.group][1].append(row)
        width = max((row.name_width() for row in self.rows.values()), default=0)
        for row in self.rows.values():
            row.label.setFixedWidth(width)  # so that all sliders begin at the same place
        for header, rows in self._groups.values():
            self._column.addWidget(header)
            for row in rows:
                self._column.addWidget(row)
        self._column.addStretch(1)
        self._filter()

    def show_values(self, sliders: Sliders) -> None:
        for name, row in self.rows.items():
            row.show_strength(sliders.value(name), sliders.mixed(name), name in sliders.locked)
            row.setEnabled(bool(sliders.selected))
        for header, rows in self._groups.values():
            header.changes = sum(bool(sliders.value(row.attribute.name)) for row in rows)
            header.update()

    @guarded
    def _filter(self) -> None:
        words = self.search.text().lower().split()
        found = False
        for group, (header, rows) in self._groups.items():
            (self._folded.discard if header.isChecked() else self._folded.add)(group)
            fitting = [row for row in rows if all(word in row.search_text for word in words)]
            header.setVisible(bool(fitting))
            for row in rows:
                row.setVisible(row in fitting and (header.isChecked() or bool(words)))
            found = found or bool(fitting)
        self.none_found.setVisible(bool(self._groups) and not found)
