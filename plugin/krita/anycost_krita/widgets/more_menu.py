"""The ⋯ button: what is wanted now and then."""

from anycost_krita.base.qt import QtWidgets
from anycost_krita.base.text import tr
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.history_menu import HistoryMenu


class MoreButton(GlyphButton):
    """Its entries are actions: connect their `triggered`, of `refine` and `figures` `toggled`."""

    def __init__(self, figures: bool) -> None:
        super().__init__("more", tr("More"), label=tr("More"))
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QtWidgets.QMenu(self)
        self.history = HistoryMenu(menu)
        menu.addMenu(self.history)
        menu.addSeparator()
        self.match = menu.addAction(tr("Match another face…"))
        self.learn = menu.addAction(tr("Make a slider from layers…"))
        menu.addSeparator()
        self.same = menu.addAction(tr("Same for all faces"))
        self.chance = menu.addAction(tr("Change a little by chance"))
        menu.addSeparator()
        self.refine = menu.addAction(tr("Refine below the sliders"))
        self.refine.setCheckable(True)
        self.figures = menu.addAction(tr("Technical figures below the picture"))
        self.figures.setCheckable(True)
        self.figures.setChecked(figures)
        self.setMenu(menu)
