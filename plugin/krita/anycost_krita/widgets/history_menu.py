"""The last states of the sliders as small pictures of the face: a click goes back to one."""

from collections.abc import Callable

from anycost_client.edit.presets import Preset
from anycost_client.edit.steps import Step
from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.starter_grid import StarterGrid


class HistoryMenu(QtWidgets.QMenu):
    """`offer` when it is about to show."""

    chosen = pyqtSignal(int)  # number of a state

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(tr("History"), parent)
        self.grid = StarterGrid()
        self.grid.chosen.connect(self._choose)
        self._numbers: dict[str, int] = {}  # by the steps' names
        action = QtWidgets.QWidgetAction(self)
        action.setDefaultWidget(self.grid)
        self.addAction(action)

    def offer(self, steps: list[Step], picture: Callable[[Preset], Picture | None]) -> None:
        self._numbers = {step.preset.name: step.number for step in steps}
        now = next((step.preset.name for step in steps if step.now), "")
        self.grid.offer([step.preset for step in steps], picture, now)

    @reports_errors
    def _choose(self, preset: Preset) -> None:
        self.close()
        self.chosen.emit(self._numbers[preset.name])
