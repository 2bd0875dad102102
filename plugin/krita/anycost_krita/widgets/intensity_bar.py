"""The intensity of the whole edit, in per cent."""

from anycost_client.edit.intensity import LEAST_INTENSITY, MOST_INTENSITY

from anycost_krita.base.qt import pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.widgets.bar_slider import BarSlider


class IntensityBar(BarSlider):
    changed = pyqtSignal(float, bool)  # intensity, whether it is done (not in the midst of a drag)

    def __init__(self) -> None:
        super().__init__(
            tr("Intensity"), LEAST_INTENSITY, MOST_INTENSITY, rest=1.0, text=_per_cent, unit=0.01, snaps=(0.0, 1.0)
        )
        self.setToolTip(tr("Of the whole edit: all strengths times this. Below 0 %: the opposite"))
        self.moved.connect(self._moved)
        self.released.connect(self._released)

    @reports_errors
    def _moved(self, intensity: float) -> None:
        self.changed.emit(intensity, False)

    @reports_errors
    def _released(self) -> None:
        self.changed.emit(self.strength, True)


def _per_cent(share: float) -> str:
    return tr("{share} %", share=f"{100 * share:.0f}".replace("-", "−"))
