"""Connects the menus with small pictures of the face, presets and history, with the controller."""

from anycost_client.edit.presets import Preset
from anycost_client.edit.starter_presets import starter_presets
from anycost_client.edit.steps import steps

from anycost_krita.base.qt import QtCore
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.history_menu import HistoryMenu
from anycost_krita.widgets.preset_menu import PresetButton


class PresetsView(QtCore.QObject):
    """Asks for the pictures when a menu is opened, and shows those that have come."""

    def __init__(self, controller: Controller, presets: PresetButton, history: HistoryMenu) -> None:
        super().__init__(presets)
        self._controller, self._presets, self._history = controller, presets, history
        presets.chosen.connect(self._use)
        presets.opened.connect(self._open_presets)
        history.aboutToShow.connect(self._open_history)
        history.chosen.connect(self._go_to)

    def show_pictures(self) -> None:
        """Some have come."""
        self._show_starters()
        if self._history.isVisible():
            self._open_history()

    # ------------------------------------------------------------------ inside

    @reports_errors
    def _open_presets(self) -> None:
        self._show_starters()
        self._controller.sketches.want(starter_presets(tr, self._controller.editor))

    def _show_starters(self) -> None:
        self._presets.offer(starter_presets(tr, self._controller.editor), self._controller.sketches.picture)

    @reports_errors
    def _open_history(self) -> None:
        found = steps(self._controller.editor.sliders, tr)
        self._history.offer(found, self._controller.sketches.picture)
        self._controller.sketches.want([step.preset for step in found])

    @reports_errors
    def _use(self, preset: Preset) -> None:
        self._controller.use_preset(preset)

    @reports_errors
    def _go_to(self, number: int) -> None:
        self._controller.editor.sliders.go_to(number)
