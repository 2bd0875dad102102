"""The presets button: presets to begin with, and the entries of a PresetMenu."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from anycost_client.edit.preset_menu import MenuItem, PresetDialogs, PresetMenu
from anycost_client.edit.presets import Preset, PresetFiles
from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.starter_grid import StarterGrid

_FILES = "JSON (*.json)"


class PresetButton(GlyphButton):
    """Dialogs are methods of their own (`ask_name`, `ask_file`), so that a test can answer them."""

    chosen = pyqtSignal(object)  # Preset, to be used now
    opened = pyqtSignal()  # the menu is about to show: `offer` what to begin with

    def __init__(self, files: PresetFiles, recent: Callable[[], tuple[Preset, ...]]) -> None:
        """recent: presets that were used last."""
        super().__init__("presets", tr("Presets"), label=tr("Presets"))
        dialogs = PresetDialogs(lambda suggested: self.ask_name(suggested), lambda save: self.ask_file(save))
        self.offered = PresetMenu(files, tr, self.chosen.emit, dialogs, recent=recent)
        self.menu_ = QtWidgets.QMenu(self)
        self.starters = StarterGrid()
        self.starters.chosen.connect(self._choose_starter)
        self._starters = QtWidgets.QWidgetAction(self.menu_)
        self._starters.setDefaultWidget(self.starters)
        self.setMenu(self.menu_)
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_.aboutToShow.connect(self.fill)

    def show_current(self, preset: Preset) -> None:
        """What the sliders say."""
        self.offered.current = preset

    def offer(self, presets: list[Preset], picture: Callable[[Preset], Picture | None]) -> None:
        """Presets to begin with. picture: as StarterGrid.offer takes it."""
        self.starters.offer(presets, picture)
        self._starters.setVisible(bool(presets))

    @reports_errors
    def fill(self) -> None:
        self.opened.emit()
        for action in self.menu_.actions():
            self.menu_.removeAction(action)
        self.menu_.addAction(self._starters)
        self._add(self.menu_, self.offered.items())

    def ask_name(self, suggested: str) -> str:
        about = tr("Save preset"), tr("Name of the preset:")
        name, agreed = QtWidgets.QInputDialog.getText(self, *about, text=suggested)
        return str(name) if agreed else ""

    def ask_file(self, save: bool) -> Path | None:
        if save:
            path, _ = QtWidgets.QFileDialog.getSaveFileName(self, tr("Share preset"), "preset.json", _FILES)
        else:
            path, _ = QtWidgets.QFileDialog.getOpenFileName(self, tr("Load preset"), "", _FILES)
        return Path(path) if path else None

    # ------------------------------------------------------------------ inside

    def _add(self, menu: QtWidgets.QMenu, items: "list[MenuItem] | tuple[MenuItem, ...]") -> None:
        for item in items:
            text = item.text.replace("&", "&&")
            if not text:
                menu.addSeparator()
            elif item.items:
                self._add(menu.addMenu(text), item.items)
            else:
                action = menu.addAction(text)
                action.setEnabled(item.act is not None)
                action.triggered.connect(partial(self._act, item))

    @reports_errors
    def _choose_starter(self, preset: Preset) -> None:
        self.menu_.close()
        self.chosen.emit(preset)

    @reports_errors
    def _act(self, item: MenuItem) -> None:
        if item.act:
            item.act()
