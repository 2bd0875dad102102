"""The presets button: shows the entries of a PresetMenu."""

from functools import partial
from pathlib import Path

from anycost_client.edit.presets import MenuItem, Preset, PresetDialogs, PresetFiles, PresetMenu

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.glyphs import GlyphButton

_FILES = "JSON (*.json)"


class PresetButton(GlyphButton):
    """Dialogs are methods of their own (`ask_name`, `ask_file`), so that a test can answer them."""

    chosen = pyqtSignal(object)  # Preset, to be used now

    def __init__(self, files: PresetFiles) -> None:
        super().__init__("presets", tr("Presets"), label=tr("Presets"))
        dialogs = PresetDialogs(lambda: self.ask_name(), lambda save: self.ask_file(save))
        self.offered = PresetMenu(files, tr, self.chosen.emit, dialogs)
        self.menu_ = QtWidgets.QMenu(self)
        self.setMenu(self.menu_)
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_.aboutToShow.connect(self.fill)

    def show_current(self, preset: Preset) -> None:
        """What the sliders say."""
        self.offered.current = preset

    @reports_errors
    def fill(self) -> None:
        self.menu_.clear()
        self._add(self.menu_, self.offered.items())

    def ask_name(self) -> str:
        name, agreed = QtWidgets.QInputDialog.getText(self, tr("Save preset"), tr("Name of the preset:"))
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
    def _act(self, item: MenuItem) -> None:
        if item.act:
            item.act()
