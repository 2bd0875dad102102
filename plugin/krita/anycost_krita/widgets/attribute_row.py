"""One attribute: a slider with its name and strength in it, a star and a lock."""

from anycost_client.edit.presets import MAX_STRENGTH
from anycost_client.protocol.messages import Attribute

from anycost_krita.base.qt import QtCore, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.widgets.bar_slider import HEIGHT, BarSlider
from anycost_krita.widgets.glyphs import QuietButton


class AttributeRow(QtWidgets.QWidget):
    """Shows values and reports what the user did."""

    changed = pyqtSignal(str, float, bool)  # attribute, strength, whether it is done (not in the midst of a drag)
    lock_changed = pyqtSignal(str, bool)
    favourite_changed = pyqtSignal(str, bool)

    def __init__(self, attribute: Attribute) -> None:
        super().__init__()
        self.attribute = attribute
        least, most = attribute.least, attribute.most
        limits = (-MAX_STRENGTH, MAX_STRENGTH) if least < 0 else (least, most)  # of typed strengths; of amounts
        self.slider = BarSlider(attribute_labels.label(attribute), least, most, limits=limits)
        about = attribute_labels.about(attribute)
        self._tip = tr("{about}. Shift: finer. Double-click: enter a number. Delete: back to 0", about=about)
        self.slider.setToolTip(self._tip)
        self.slider.setAccessibleDescription(about)
        self.lock = QuietButton(
            "unlocked",
            tr("Lock: stays as it is seen while others move; presets and Reset leave it too"),
            "locked",
        )
        self.lock.setFixedSize(18, HEIGHT)
        self.star = QuietButton("star", tr("Favourite: listed by itself where only favourites are"), "favourite")
        self.star.setFixedSize(16, HEIGHT)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.star)
        layout.addWidget(self.lock)
        self._shown: tuple[float, bool, bool, bool, float | None] | None = (
            None  # None: the user has changed what is seen
        )
        self.slider.moved.connect(self._moved)
        self.slider.released.connect(self._released)
        self.lock.toggled.connect(self._locked)
        self.star.toggled.connect(self._starred)
        self.search_text = attribute_labels.searched(attribute)

    def show_strength(
        self, strength: float, mixed: bool, locked: bool, shows: bool = True, reach: float | None = None
    ) -> None:
        """shows: whether anything would be seen; the face may be covered there. reach: 0…1 of what is asked that the
        face shows, where that is little"""
        if (strength, mixed, locked, shows, reach) == self._shown:
            return  # there are many rows, and a drag changes one
        self._shown = (strength, mixed, locked, shows, reach)
        if not self.slider.dragging:
            self.slider.show_strength(strength, mixed)
        differ = tr("The chosen faces differ: this is the first one's")
        unseen = tr("Nothing would be seen: something covers it there (a hand, a hat …), or the picture has no colours")
        little = [] if reach is None else [attribute_labels.reach(reach)]
        self.slider.setToolTip("\n".join([*([differ] if mixed else []), *little, self._tip if shows else unseen]))
        self.slider.show_reach(reach)
        self.lock.blockSignals(True)
        self.lock.setChecked(locked)
        self.lock.blockSignals(False)
        self.slider.setEnabled(not locked and shows)

    @reports_errors
    def enterEvent(self, event: QtCore.QEvent) -> None:
        for button in (self.star, self.lock):
            button.show_quietly(True)

    @reports_errors
    def leaveEvent(self, event: QtCore.QEvent) -> None:
        for button in (self.star, self.lock):
            button.show_quietly(False)

    @reports_errors
    def _moved(self, strength: float) -> None:
        self._shown = None
        self.changed.emit(self.attribute.name, strength, False)

    @reports_errors
    def _released(self) -> None:
        self._shown = None
        self.changed.emit(self.attribute.name, self.slider.strength, True)

    @reports_errors
    def _locked(self, locked: bool) -> None:
        self._shown = None
        self.lock_changed.emit(self.attribute.name, locked)

    @reports_errors
    def _starred(self, favourite: bool) -> None:
        self.favourite_changed.emit(self.attribute.name, favourite)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(240, HEIGHT + 1)
