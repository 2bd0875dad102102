"""Presets and states of the sliders as small pictures of the chosen face, in menus."""

from collections.abc import Callable
from functools import partial

from anycost_client.edit.presets import Preset
from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.document.qimages import as_image

_COLUMNS = 4
_SIDE = 72  # pixels


class StarterGrid(QtWidgets.QWidget):
    chosen = pyqtSignal(object)  # Preset

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QtWidgets.QToolButton] = {}  # by the preset's name
        self._grid = QtWidgets.QGridLayout(self)
        self._grid.setContentsMargins(6, 6, 6, 6)
        self._grid.setSpacing(2)

    def offer(self, presets: list[Preset], picture: Callable[[Preset], Picture | None], now: str = "") -> None:
        """picture: RGB 8, or None where it is still to come. now: name of the one that is seen."""
        if list(self.buttons) != [preset.name for preset in presets]:
            self._build(presets)
        for preset in presets:
            self.buttons[preset.name].setChecked(preset.name == now)
            image = as_image(picture(preset))
            shown = QtGui.QPixmap(_SIDE, _SIDE)
            shown.fill(self.palette().color(QtGui.QPalette.ColorRole.Mid))
            self.buttons[preset.name].setIcon(QtGui.QIcon(shown if image.isNull() else QtGui.QPixmap.fromImage(image)))

    def _build(self, presets: list[Preset]) -> None:
        for button in self.buttons.values():
            button.deleteLater()
        self.buttons = {}
        for count, preset in enumerate(presets):
            button = QtWidgets.QToolButton()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QtCore.QSize(_SIDE, _SIDE))
            button.setAutoRaise(True)
            button.setCheckable(True)
            button.setToolTip(preset.name)
            short = self.fontMetrics().elidedText(preset.name, Qt.TextElideMode.ElideRight, _SIDE + 24)
            button.setText(short.replace("&", "&&"))
            button.setAccessibleName(preset.name)
            button.clicked.connect(partial(self._clicked, preset))
            self._grid.addWidget(button, count // _COLUMNS, count % _COLUMNS)
            self.buttons[preset.name] = button

    @reports_errors
    def _clicked(self, preset: Preset) -> None:
        self.buttons[preset.name].setChecked(False)
        self.chosen.emit(preset)
