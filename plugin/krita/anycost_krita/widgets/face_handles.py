"""Points of the face over the preview: they show while the mouse is there, and can be dragged."""

from collections.abc import Mapping

from anycost_client.edit.handles import HANDLE_LABELS

from anycost_krita.base.qt import QtCore, QtGui
from anycost_krita.base.text import tr

_NEAR = 10  # pixels around a point in which it can be taken
_ROOMY = 80  # pixels across all points: with fewer they are smaller, and the mouse has to come nearer
_CROWDED = 32  # pixels: with fewer none is shown
_RADIUS, _NEAR_RADIUS = 3.5, 6.0  # pixels


class FaceHandles:
    """Places are in pixels of the widget."""

    def __init__(self) -> None:
        self._places: dict[str, QtCore.QPointF] = {}
        self._scale = 1.0
        self.near = ""  # the point that the mouse is at; "": none

    def show(self, places: Mapping[str, QtCore.QPointF]) -> None:
        width = max((place.x() for place in places.values()), default=0.0)
        width -= min((place.x() for place in places.values()), default=0.0)
        self._places = dict(places) if width >= _CROWDED else {}
        self._scale = min(width / _ROOMY, 1.0)
        if self.near not in self._places:
            self.near = ""

    def look(self, mouse: QtCore.QPointF) -> bool:
        """Finds the point at the mouse. Whether it is another one than before."""
        far = {name: (place - mouse).manhattanLength() for name, place in self._places.items()}
        nearest = min(far, key=far.__getitem__, default="")
        before, self.near = self.near, nearest if far.get(nearest, _NEAR) < _NEAR * self._scale else ""
        return self.near != before

    @property
    def tip(self) -> str:
        return tr(HANDLE_LABELS[self.near]) if self.near in HANDLE_LABELS else ""

    def paint(self, painter: QtGui.QPainter, palette: QtGui.QPalette) -> None:
        """White with a dark edge, to be seen on skin of any tone."""
        role = QtGui.QPalette.ColorRole
        for name, place in self._places.items():
            near = name == self.near
            edge = QtGui.QColor(0, 0, 0, 200 if near else 120)
            painter.setPen(QtGui.QPen(edge, 1.5 if near else 1.0))
            painter.setBrush(palette.color(role.Highlight) if near else QtGui.QColor(255, 255, 255, 200))
            radius = self._scale * (_NEAR_RADIUS if near else _RADIUS)
            painter.drawEllipse(place, radius, radius)
