"""Where attributes are searched, with a menu for which are listed at all."""

from functools import partial

from anycost_client.edit.favourites import ROWS, Rows

from anycost_krita.base.qt import QAction, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.base.undo_keys import TextField
from anycost_krita.widgets import glyphs

_SIDE = 16  # pixels


class SearchField(TextField):
    rows_chosen = pyqtSignal(str)  # Rows

    def __init__(self) -> None:
        super().__init__()
        self._rows: Rows = "all"
        self.setAccessibleName(tr("Search attributes"))
        self.setClearButtonEnabled(True)
        self.menu = QtWidgets.QMenu(self)
        self._choices: dict[Rows, QAction] = {}
        for rows, text in ROWS.items():
            action = self._choices[rows] = self.menu.addAction(tr(text))
            action.setCheckable(True)
            action.triggered.connect(partial(self._choose, rows))
        self._button = QAction(tr("Which sliders are listed"), self)
        self._button.triggered.connect(self._open)
        self.addAction(self._button, QtWidgets.QLineEdit.ActionPosition.LeadingPosition)
        self._show()

    def _show(self) -> None:
        role = QtGui.QPalette.ColorRole
        colour = QtGui.QColor(self.palette().color(role.Text if self._rows == "all" else role.Highlight))
        self._button.setIcon(glyphs.icon("filter", _SIDE, colour, self.devicePixelRatioF()))
        self.setPlaceholderText(tr("Search") if self._rows == "all" else tr(ROWS[self._rows]))
        for rows, action in self._choices.items():
            action.setChecked(rows == self._rows)

    @reports_errors
    def _open(self, *_: object) -> None:
        self.menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    @reports_errors
    def _choose(self, rows: Rows, *_: object) -> None:
        self._rows = rows
        self._show()
        self.rows_chosen.emit(rows)

    @reports_errors
    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.PaletteChange:  # another theme
            self._show()
