"""Icons as lines on a 16×16 grid, drawn in the palette's colour at any resolution: for light and dark themes."""

from typing import Any

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets

_GRID = 16.0
_SIDE = 24  # pixels of a button

# Each is a list of strokes; a stroke is a list of points, or a kind of shape with its rectangle and what else it needs.
_GLYPHS: dict[str, list[Any]] = {
    "unlocked": [("round", 3.5, 7.5, 9, 6, 1.2), ("arc", 5, 2.5, 6, 7, 15, 165), [(5.1, 6), (5.1, 7.5)]],
    "locked": [
        ("filled", 3.5, 7.5, 9, 6, 1.2),
        ("arc", 5, 2.5, 6, 7, 0, 180),
        [(5, 6), (5, 7.5)],
        [(11, 6), (11, 7.5)],
    ],
    "undo": [[(6, 3), (3, 6), (6, 9)], [(3, 6), (9.5, 6)], ("arc", 6, 6, 7, 7, -90, 180), [(9.5, 13), (6, 13)]],
    "redo": [[(10, 3), (13, 6), (10, 9)], [(13, 6), (6.5, 6)], ("arc", 3, 6, 7, 7, 90, 180), [(6.5, 13), (10, 13)]],
    "split": [("round", 2, 3, 12, 10, 1), [(8, 1.5), (8, 14.5)], ("filled", 8, 3, 6, 10, 1)],
    "before": [("eye",), ("ellipse", 5.8, 5.8, 4.4, 4.4)],
    "canvas": [
        [(8, 2), (14, 5.5), (8, 9), (2, 5.5), (8, 2)],
        [(2, 8.3), (8, 11.6), (14, 8.3)],
        [(2, 11), (8, 14.2), (14, 11)],
    ],
    "face": [
        [(2, 5), (2, 2), (5, 2)],
        [(11, 2), (14, 2), (14, 5)],
        [(14, 11), (14, 14), (11, 14)],
        [(5, 14), (2, 14), (2, 11)],
        ("ellipse", 5, 4.5, 6, 7),
    ],
    "reread": [
        ("arc", 3, 3, 10, 10, 20, 130),
        [(12.9, 2.6), (12.8, 6.1), (9.4, 5.9)],
        ("arc", 3, 3, 10, 10, 200, 130),
        [(3.1, 13.4), (3.2, 9.9), (6.6, 10.1)],
    ],
    "reset": [("arc", 3, 3, 10, 10, 150, -300), [(3.2, 2.2), (3.4, 5.7), (6.9, 5.5)], ("ellipse", 7.3, 7.3, 1.4, 1.4)],
    "close": [[(4, 4), (12, 12)], [(12, 4), (4, 12)]],
    "presets": [("round", x, y, 5, 5, 1) for x in (2.5, 8.5) for y in (2.5, 8.5)],
    "star": [("star",)],
    "favourite": [("star", True)],
    "filter": [[(2, 3), (14, 3), (9.5, 8.5), (9.5, 13), (6.5, 11.5), (6.5, 8.5), (2, 3)]],
    "more": [("filled", x, 7, 2, 2, 1) for x in (2, 7, 12)],
    "warning": [[(8, 2), (14.5, 13.5), (1.5, 13.5), (8, 2)], [(8, 6.2), (8, 9.6)], [(8, 11.4), (8, 11.8)]],
    "done": [[(3, 8.5), (6.5, 12), (13, 4.5)]],
    "no_face": [("ellipse", 3, 2, 10, 12), [(6, 6.5), (6.4, 6.5)], [(9.6, 6.5), (10, 6.5)], [(6, 10.8), (10, 10.8)]],
    "smile": [
        ("ellipse", 2, 2, 12, 12),
        [(5.8, 6.2), (6, 6.2)],
        [(10, 6.2), (10.2, 6.2)],
        ("arc", 5, 5, 6, 6, 200, 140),
    ],
    "waiting": [("ellipse", 2, 2, 12, 12), [(8, 4.8), (8, 8.2), (10.4, 9.6)]],
    "open": [[(6, 4), (10, 8), (6, 12)]],
    "opened": [[(4, 6), (8, 10), (12, 6)]],
}


def draw(painter: QtGui.QPainter, name: str, place: QtCore.QRectF, colour: QtGui.QColor) -> None:
    """The glyph, in the square of `place`."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.translate(place.topLeft())
    painter.scale(place.width() / _GRID, place.height() / _GRID)
    width = 1.3 if place.width() < 24 else 0.8
    join, cap = Qt.PenJoinStyle.RoundJoin, Qt.PenCapStyle.RoundCap
    pen = QtGui.QPen(QtGui.QBrush(colour), width, Qt.PenStyle.SolidLine, cap, join)
    for stroke in _GLYPHS[name]:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if isinstance(stroke, list):
            painter.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in stroke]))
            continue
        kind, numbers = stroke[0], stroke[1:]
        if kind == "ellipse":
            painter.drawEllipse(QtCore.QRectF(*numbers))
        elif kind == "arc":
            painter.drawArc(QtCore.QRectF(*numbers[:4]), int(16 * numbers[4]), int(16 * numbers[5]))
        elif kind == "eye":
            painter.drawPath(_eye())
        elif kind == "star":
            painter.setBrush(colour if numbers else Qt.BrushStyle.NoBrush)
            painter.drawPath(_star())
        else:
            if kind == "filled":
                painter.setBrush(colour)
            painter.drawRoundedRect(QtCore.QRectF(*numbers[:4]), numbers[4], numbers[4])
    painter.restore()


def _eye() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath(QtCore.QPointF(1.2, 8))
    path.cubicTo(4, 2.6, 12, 2.6, 14.8, 8)
    path.cubicTo(12, 13.4, 4, 13.4, 1.2, 8)
    return path


def _star() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath(QtCore.QPointF(8, 1.6))
    for x, y in (
        (9.9, 6),
        (14.5, 6.4),
        (11, 9.5),
        (12.1, 14.1),
        (8, 11.6),
        (3.9, 14.1),
        (5, 9.5),
        (1.5, 6.4),
        (6.1, 6),
    ):
        path.lineTo(x, y)
    path.closeSubpath()
    return path


def icon(name: str, side: int, colour: QtGui.QColor, ratio: float) -> QtGui.QIcon:
    """For what takes icons alone. side: pixels of the widget, of each of which the screen has `ratio`."""
    image = QtGui.QPixmap(round(side * ratio), round(side * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    draw(painter, name, QtCore.QRectF(1, 1, side - 2, side - 2), colour)
    painter.end()
    return QtGui.QIcon(image)


class GlyphButton(QtWidgets.QToolButton):
    """A flat button with a glyph, and a label beside it where there is room; its tool tip is also its name for screen
    readers."""

    def __init__(self, glyph: str, tip: str, checkable: bool = False, label: str = "") -> None:
        super().__init__()
        self._glyph = glyph
        self._label, self._labelled = label, False
        self.setAutoRaise(True)
        self.setCheckable(checkable)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFixedSize(_SIDE, _SIDE)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)

    def labelled_width(self) -> int:
        """Pixels with the label."""
        return _SIDE + (self.fontMetrics().horizontalAdvance(self._label) + 6 if self._label else 0)

    def show_label(self, shown: bool) -> None:
        self._labelled = shown and bool(self._label)
        self.setMinimumWidth(_SIDE)  # so that what it lies in can be made narrower, which takes the labels away
        self.setMaximumWidth(self.labelled_width() if self._labelled else _SIDE)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(self.labelled_width() if self._labelled else _SIDE, _SIDE)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionToolButton()
        self.initStyleOption(option)
        option.features &= ~QtWidgets.QStyleOptionToolButton.ToolButtonFeature.HasMenu
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ToolButton, option)
        group = QtGui.QPalette.ColorGroup.Active if self.isEnabled() else QtGui.QPalette.ColorGroup.Disabled
        colour = QtGui.QColor(self.palette().color(group, QtGui.QPalette.ColorRole.ButtonText))
        place = QtCore.QRectF(0, 0, 16, 16)
        place.moveCenter(QtCore.QRectF(0, 0, _SIDE, self.height()).center())
        draw(painter, self._glyph, place, colour)
        if self._labelled:
            painter.setPen(colour)
            beside = self.rect().adjusted(_SIDE - 1, 0, 0, 0)
            painter.drawText(beside, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self._label)
        if self.hasFocus():
            focus = QtWidgets.QStyleOptionFocusRect()
            focus.initFrom(self)
            focus.rect = self.rect().adjusted(2, 2, -2, -2)
            painter.drawPrimitive(QtWidgets.QStyle.PrimitiveElement.PE_FrameFocusRect, focus)


class QuietButton(QtWidgets.QToolButton):
    """A glyph that is seen only when it is set, has the focus, or when `show_quietly` says so."""

    def __init__(self, glyph: str, tip: str, checked_glyph: str) -> None:
        super().__init__()
        self._glyphs = (glyph, checked_glyph)
        self._shown = False
        self.setCheckable(True)
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def show_quietly(self, shown: bool) -> None:
        self._shown = shown
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if not (self.isChecked() or self._shown or self.hasFocus()):
            return
        colour = QtGui.QColor(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        colour.setAlphaF(1.0 if self.isChecked() or self.underMouse() or self.hasFocus() else 0.55)
        place = QtCore.QRectF(0, 0, 16, 16)
        place.moveCenter(QtCore.QRectF(self.rect()).center())
        painter = QtGui.QPainter(self)
        draw(painter, self._glyphs[self.isChecked()], place, colour)
        if self.hasFocus():
            painter.setPen(colour)
            painter.drawRoundedRect(QtCore.QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


class Glyph(QtWidgets.QWidget):
    """A large one, beside or above a text."""

    def __init__(self, glyph: str, side: int) -> None:
        super().__init__()
        self._glyph = glyph
        self.setFixedSize(side, side)

    def show_glyph(self, glyph: str) -> None:
        self._glyph = glyph
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        colour = QtGui.QColor(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        colour.setAlphaF(0.6)
        draw(QtGui.QPainter(self), self._glyph, QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1), colour)
