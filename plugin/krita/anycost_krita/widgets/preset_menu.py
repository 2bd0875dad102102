"""The presets button: apply one, save the sliders as one, load and share files, delete."""

from functools import partial
from pathlib import Path

from anycost_client.edit.preset_files import PresetFiles
from anycost_client.edit.presets import Preset

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.glyphs import GlyphButton

_FILES = "JSON (*.json)"


class PresetMenu(GlyphButton):
    """Dialogs are methods of their own (`ask_name`, `ask_file`), so that a test can answer them."""

    chosen = pyqtSignal(object)  # Preset, to be used now

    def __init__(self, store: PresetFiles) -> None:
        super().__init__("presets", tr("Presets"))
        self.store = store
        self.current = Preset("", {})  # what the sliders show
        self.menu_ = QtWidgets.QMenu(self)
        self.setMenu(self.menu_)
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_.aboutToShow.connect(self.fill)

    @reports_errors
    def fill(self) -> None:
        self.menu_.clear()
        presets = self.store.all()
        for preset in presets:
            self._add(self.menu_, preset.name, partial(self._choose, preset))
        if not presets:
            self._add(self.menu_, tr("No presets yet"), None)
        self.menu_.addSeparator()
        can_save = bool(self.current.strengths)
        self._add(self.menu_, tr("Save these sliders…"), self._save if can_save else None)
        self._add(self.menu_, tr("Load from file…"), self._load)
        self._add(self.menu_, tr("Share as file…"), self._share if can_save else None)
        if presets:
            delete = self.menu_.addMenu(tr("Delete"))
            for preset in presets:
                self._add(delete, preset.name, partial(self._delete, preset.name))

    def _add(self, menu: QtWidgets.QMenu, text: str, act: object) -> None:
        action = menu.addAction(text.replace("&", "&&"))
        if act is None:
            action.setEnabled(False)
        else:
            action.triggered.connect(act)

    # ------------------------------------------------------------------- dialogs

    def ask_name(self) -> str:
        """ "" when the user thought better of it."""
        name, agreed = QtWidgets.QInputDialog.getText(self, tr("Save preset"), tr("Name of the preset:"))
        return str(name).strip()[:100] if agreed else ""

    def ask_file(self, save: bool) -> str:
        if save:
            path, _ = QtWidgets.QFileDialog.getSaveFileName(self, tr("Share preset"), "preset.json", _FILES)
        else:
            path, _ = QtWidgets.QFileDialog.getOpenFileName(self, tr("Load preset"), "", _FILES)
        return str(path)

    # --------------------------------------------------------------------- slots

    @reports_errors
    def _choose(self, preset: Preset) -> None:
        self.chosen.emit(preset)

    @reports_errors
    def _save(self) -> None:
        if name := self.ask_name():
            self.store.save(Preset(name, self.current.strengths))

    @reports_errors
    def _load(self) -> None:
        if path := self.ask_file(save=False):
            preset = self.store.load(Path(path))
            self.store.save(preset)
            self.chosen.emit(preset)

    @reports_errors
    def _share(self) -> None:
        if path := self.ask_file(save=True):
            self.store.write(Path(path), Preset(Path(path).stem, self.current.strengths))

    @reports_errors
    def _delete(self, name: str) -> None:
        self.store.delete(name)
