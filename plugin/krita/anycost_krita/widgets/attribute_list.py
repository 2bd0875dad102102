"""All attributes in their groups, with a search field: the part of the docker that scrolls."""

from collections.abc import Iterable

from anycost_client.edit.favourites import Favourites, ListedRows, Rows
from anycost_client.edit.sliders import Sliders
from anycost_client.protocol.messages import Attribute

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.widgets import glyphs
from anycost_krita.widgets.attribute_row import AttributeRow
from anycost_krita.widgets.boxes import show_labels_within
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.labels import FaintLabel
from anycost_krita.widgets.search_field import SearchField

_AT_A_TIME = 8  # rows: some milliseconds
_SEARCH = 130  # pixels: a search field that is wide enough


class GroupHeader(QtWidgets.QAbstractButton):
    """The name of a group, with how many of its attributes are changed; a click folds it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(True)
        self._changes = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(24)

    def show_changes(self, changes: int) -> None:
        if changes != self._changes:
            self._changes = changes
            self.update()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(120, 24)

    @reports_errors
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
        title = f"{self.text()} · {self._changes}" if self._changes else self.text()
        place = self.rect().adjusted(16, 0, 0, 0)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), title)
        x = 16 + QtGui.QFontMetrics(font).horizontalAdvance(title) + 8
        painter.fillRect(QtCore.QRect(x, self.height() // 2, max(self.width() - x, 0), 1), line)


class AttributeList(QtWidgets.QWidget):
    changed = pyqtSignal(str, float, bool)  # as in AttributeRow
    lock_changed = pyqtSignal(str, bool)
    built = pyqtSignal()  # all rows are there

    def __init__(self, favourites: Favourites) -> None:
        super().__init__()
        self.rows: dict[str, AttributeRow] = {}
        self._groups: dict[str, tuple[GroupHeader, list[AttributeRow]]] = {}
        self._folded: set[str] = set()
        self._offered: tuple[Attribute, ...] = ()
        self._waiting: list[Attribute] = []  # of which no row is there yet
        self._sliders: Sliders | None = None  # that were shown last
        self._favourites = favourites
        self._listed = ListedRows()
        self.search = SearchField()
        self.search.textChanged.connect(self._filter)
        self.search.rows_chosen.connect(self.choose_rows)
        self.none_found = FaintLabel()
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
        self._buttons: tuple[GlyphButton, ...] = ()
        self.below_top = QtWidgets.QVBoxLayout()
        layout.addLayout(self.top)
        layout.addLayout(self.below_top)
        layout.addWidget(self.none_found)
        layout.addWidget(self.area, 1)

    def offer(self, attributes: Iterable[Attribute]) -> None:
        """Builds the rows while they can be seen, some at a time between the program's events; nothing when they are
        the same as before."""
        attributes = tuple(attributes)
        if self._offered == attributes:
            return
        self._offered, self._waiting = attributes, list(attributes)
        while self._column.count():
            item = self._column.takeAt(0)
            if item.widget():
                item.widget().deleteLater()
        self.rows.clear()
        self._groups.clear()
        self._build()

    def show_values(self, sliders: Sliders) -> None:
        self._sliders = sliders
        for name, row in self.rows.items():
            shows, reach = sliders.shows(name), sliders.reach(name)
            row.show_strength(sliders.value(name), sliders.mixed(name), name in sliders.locked, shows, reach)
            row.setEnabled(bool(sliders.selected))
        for header, rows in self._groups.values():
            header.show_changes(sum(bool(sliders.value(row.attribute.name)) for row in rows))
        if self._listed.chosen == "changed":
            self._filter()

    @reports_errors
    def choose_rows(self, rows: Rows) -> None:
        """Which are listed while nothing is searched for."""
        self._listed.choose(rows)
        self._filter()

    def add_buttons(self, *buttons: GlyphButton) -> None:
        """Beside the search; with labels where there is room."""
        self._buttons = buttons
        for button in buttons:
            self.top.addWidget(button)

    def first_row(self) -> AttributeRow | None:
        """Of those that are shown."""
        return next((row for row in self.rows.values() if row.isVisibleTo(self)), None)

    # ------------------------------------------------------------------ inside

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        show_labels_within(self.width() - _SEARCH, self._buttons, 4)

    @reports_errors
    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        QtCore.QTimer.singleShot(0, self._build)

    @reports_errors
    def _build(self) -> None:
        if not self._waiting or not self.isVisible():
            return
        for attribute in self._waiting[:_AT_A_TIME]:
            header, rows = self._groups.get(attribute.group) or self._new_group(attribute)
            row = AttributeRow(attribute)
            row.changed.connect(self.changed)
            row.lock_changed.connect(self.lock_changed)
            row.star.setChecked(attribute.name in self._favourites.names)
            row.favourite_changed.connect(self._favourites.set)
            self.rows[attribute.name] = row
            rows.append(row)
            header.parentWidget().layout().addWidget(row)
        del self._waiting[:_AT_A_TIME]
        if self._sliders:
            self.show_values(self._sliders)
        if self._waiting:
            QtCore.QTimer.singleShot(0, self._build)
            return
        self._column.addStretch(1)
        self._filter()
        self.built.emit()

    def _new_group(self, attribute: Attribute) -> tuple[GroupHeader, list[AttributeRow]]:
        header = GroupHeader(attribute_labels.group(attribute))
        header.setChecked(attribute.group not in self._folded)
        header.toggled.connect(self._filter)
        box = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(header)
        self._column.addWidget(box)
        self._groups[attribute.group] = (header, [])
        return self._groups[attribute.group]

    @reports_errors
    def _filter(self) -> None:
        texts = {name: row.search_text for name, row in self.rows.items()}
        listed = self._listed.fitting(self.search.text(), texts, self._sliders, self._favourites)
        for group, (header, rows) in self._groups.items():
            (self._folded.discard if header.isChecked() else self._folded.add)(group)
            fitting = [row for row in rows if row.attribute.name in listed.names]
            header.parentWidget().setVisible(bool(fitting))
            for row in rows:
                row.setVisible(row in fitting and (header.isChecked() or listed.unfolded))
        self.none_found.setText(tr(listed.none_found))
        self.none_found.setVisible(bool(listed.none_found))
