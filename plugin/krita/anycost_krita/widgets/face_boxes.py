"""Frames around the faces in the preview, while the mouse is there."""

from anycost_client.edit.face_boxes import FaceBoxes

from anycost_krita.base.qt import QtCore, QtGui


def paint_boxes(boxes: FaceBoxes, painter: QtGui.QPainter, palette: QtGui.QPalette) -> None:
    """Light lines with a dark edge, to be seen on any picture; the chosen ones in the palette's colour."""
    light, role = QtGui.QColor(255, 255, 255, 220), QtGui.QPalette.ColorRole
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    for id, outline in boxes.outlines.items():
        place = QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in outline])
        width = 2.0 if id == boxes.near else 1.0
        painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0, 110), width + 2))
        painter.drawPolygon(place)
        painter.setPen(QtGui.QPen(palette.color(role.Highlight) if id in boxes.chosen else light, width))
        painter.drawPolygon(place)
