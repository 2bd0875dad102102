"""Under the preview: how it is looked at, and for who wants it what drew it and how fast."""

from anycost_client.protocol.messages import Edited

from anycost_krita.base.qt import QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.widgets.boxes import show_labels_within
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.labels import ShortLabel


class CompareBar(QtWidgets.QWidget):
    hold = pyqtSignal(bool)  # before is to be seen while True
    split = pyqtSignal(bool)
    close_up = pyqtSignal(bool)
    on_canvas = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.quality = ShortLabel(faint=True)
        self._before = GlyphButton("before", tr("Hold to see it before the edit"), label=tr("Before"))
        self._split = GlyphButton("split", tr("Before and after, with a line to drag"), True, tr("Split"))
        self._close_up = GlyphButton("face", tr("The chosen faces from near"), True, tr("Close-up"))
        self._close_up.setChecked(True)
        on_canvas = tr("Show the preview on the canvas, in a temporary layer")
        self._canvas = GlyphButton("canvas", on_canvas, True, tr("Canvas"))
        self._buttons = (self._before, self._split, self._close_up, self._canvas)
        self._with_quality = False
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.quality, 1)
        for button in self._buttons:
            layout.addWidget(button)
        self._before.pressed.connect(self._pressed)
        self._before.released.connect(self._released)
        self._split.toggled.connect(self.split)
        self._close_up.toggled.connect(self.close_up)
        self._canvas.toggled.connect(self.on_canvas)

    @property
    def shows_close_up(self) -> bool:
        return bool(self._close_up.isChecked())

    def show_split(self, on: bool) -> None:
        self._split.blockSignals(True)
        self._split.setChecked(on)
        self._split.blockSignals(False)

    def show_canvas(self, on: bool) -> None:
        self._canvas.blockSignals(True)
        self._canvas.setChecked(on)
        self._canvas.blockSignals(False)

    def show_quality(self, shown: Edited | None) -> str:
        """Returns what explains it."""
        text = attribute_labels.quality(shown)
        about = tr("What drew the preview: the face in so many pixels, this share of the model, in this time")
        tip = f"{tr('As quick as this computer allows')}: {text}\n{about}" if text else ""
        self.quality.setText(text if self._with_quality else "")
        self.quality.explain(tip)
        return tip

    def show_figures(self, on: bool) -> None:
        """Whether the line is to be seen, instead of labels."""
        self._with_quality = on
        self._fit()

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        show_labels_within(0 if self._with_quality else self.width() - 4, self._buttons, 1)

    @reports_errors
    def _pressed(self) -> None:
        self.hold.emit(True)

    @reports_errors
    def _released(self) -> None:
        self.hold.emit(False)
