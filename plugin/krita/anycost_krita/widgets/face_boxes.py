"""Frames around the faces in the preview, while the mouse is there: a click chooses one."""

from collections.abc import Collection, Mapping

from anycost_krita.base.qt import QtCore, QtGui
from anycost_krita.base.text import tr


class FaceBoxes:
    """Places are in pixels of the widget."""

    def __init__(self) -> None:
        self._places: dict[int, QtGui.QPolygonF] = {}
        self._chosen: frozenset[int] = frozenset()
        self.near: int | None = None  # the face that the mouse is at

    def show(self, places: Mapping[int, QtGui.QPolygonF], chosen: Collection[int]) -> None:
        self._places, self._chosen = dict(places), frozenset(chosen)
        if self.near not in self._places:
            self.near = None

    def look(self, mouse: QtCore.QPointF) -> bool:
        """Finds the face at the mouse: of several the smallest. Whether it is another one than before."""
        rule = QtCore.Qt.FillRule.WindingFill
        within = [id for id, place in self._places.items() if place.containsPoint(mouse, rule)]
        before, self.near = self.near, min(within, key=self._width, default=None)
        return self.near != before

    @property
    def takes_click(self) -> bool:
        """Whether a click chooses another face."""
        return self.near is not None and self.near not in self._chosen

    @property
    def tip(self) -> str:
        return tr("Click: this face. Ctrl+click: several") if self.near is not None else ""

    def paint(self, painter: QtGui.QPainter, palette: QtGui.QPalette) -> None:
        """Light lines with a dark edge, to be seen on any picture; the chosen ones in the palette's colour."""
        light, role = QtGui.QColor(255, 255, 255, 220), QtGui.QPalette.ColorRole
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        for id, place in self._places.items():
            width = 2.0 if id == self.near else 1.0
            painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0, 110), width + 2))
            painter.drawPolygon(place)
            painter.setPen(QtGui.QPen(palette.color(role.Highlight) if id in self._chosen else light, width))
            painter.drawPolygon(place)

    def _width(self, id: int) -> float:
        return float(self._places[id].boundingRect().width())
