"""How a bar with texts looks, in the palette's colours: for dark, light and high-contrast themes."""

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets

_MARGIN = 7  # pixels between the bar's ends and its texts
_GAP = 6  # pixels between the texts
_ROUND = 3


def paint_bar(bar: QtWidgets.QWidget, name: str, value: str, zero: float, here: float, held: bool) -> None:
    """zero, here: pixels from the left, between which it is filled."""
    painter = QtGui.QPainter(bar)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    enabled, focused, role = bar.isEnabled(), bar.hasFocus(), QtGui.QPalette.ColorRole
    group = QtGui.QPalette.ColorGroup.Active if enabled else QtGui.QPalette.ColorGroup.Disabled
    palette = bar.palette()
    ground, text = palette.color(group, role.Base), palette.color(group, role.Text)
    fill = palette.color(group, role.Highlight) if enabled else _between(ground, text, 0.25)
    place = QtCore.QRectF(bar.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
    path = QtGui.QPainterPath()
    path.addRoundedRect(place, _ROUND, _ROUND)
    painter.fillPath(path, _between(ground, text, 0.06 if bar.underMouse() and enabled else 0.0))
    filled = QtCore.QRectF(min(zero, here), 0, abs(here - zero), bar.height())
    painter.save()
    painter.setClipPath(path)
    painter.fillRect(filled, fill)
    if 0 < zero < bar.width():  # where it begins: two ticks, which leave the texts alone
        painter.fillRect(QtCore.QRectF(zero - 0.5, 1, 1, 3), text)
        painter.fillRect(QtCore.QRectF(zero - 0.5, bar.height() - 4, 1, 3), text)
    painter.restore()
    strong = focused or held
    painter.setPen(QtGui.QPen(text if strong else _between(ground, text, 0.3), 1.5 if strong else 1.0))
    painter.drawPath(path)
    on_fill = _clearer(fill, text, palette.color(group, role.HighlightedText))
    for colour, inside in ((text, False), (on_fill, True)):
        painter.save()
        region = QtGui.QRegion(bar.rect())
        part = QtGui.QRegion(filled.toAlignedRect())
        painter.setClipRegion(region.intersected(part) if inside else region.subtracted(part))
        _write(painter, bar, name, value, colour)
        painter.restore()


def _write(painter: QtGui.QPainter, bar: QtWidgets.QWidget, name: str, value: str, colour: QtGui.QColor) -> None:
    metrics = bar.fontMetrics()
    place = bar.rect().adjusted(_MARGIN, 0, -_MARGIN, 0)
    middle = Qt.AlignmentFlag.AlignVCenter
    room = place.width() - metrics.horizontalAdvance(value) - _GAP
    painter.setPen(colour)
    painter.drawText(
        place,
        int(middle | Qt.AlignmentFlag.AlignLeading),
        metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room, 0)),
    )
    painter.drawText(place, int(middle | Qt.AlignmentFlag.AlignTrailing), value)


def _between(one: QtGui.QColor, other: QtGui.QColor, share: float) -> QtGui.QColor:
    parts = zip(one.getRgbF()[:3], other.getRgbF()[:3], strict=True)
    return QtGui.QColor.fromRgbF(*(a + (b - a) * share for a, b in parts))


def _clearer(on: QtGui.QColor, *colours: QtGui.QColor) -> QtGui.QColor:
    """The one with the most contrast."""
    return max(colours, key=lambda colour: contrast(on, colour))


def contrast(one: QtGui.QColor, other: QtGui.QColor) -> float:
    """1…21, as WCAG counts it: texts need 4.5."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QtGui.QColor) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
