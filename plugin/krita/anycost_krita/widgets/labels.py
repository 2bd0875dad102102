"""Labels that a narrow docker needs: one that ends in … where it does not fit, and one in a fainter colour."""

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets


class ShortLabel(QtWidgets.QLabel):
    """One line, with … at its end where there is no room; then the tool tip has all of it."""

    def __init__(self, text: str = "", faint: bool = False) -> None:
        super().__init__(text)
        self._faint = faint
        self._tip = ""
        self.setMinimumWidth(0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    def explain(self, tip: str) -> None:
        self._tip = tip
        self.setToolTip(tip)

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(0, self.fontMetrics().height())

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        short = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        if not self._tip:
            self.setToolTip(self.text() if short != self.text() else "")
        _write(self, short, self._faint, Qt.AlignmentFlag.AlignVCenter | self.alignment(), wrap=False)


class FaintLabel(QtWidgets.QLabel):
    """Explains in several lines."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        _write(self, self.text(), True, self.alignment(), wrap=True)


def _write(label: QtWidgets.QLabel, text: str, faint: bool, alignment: Qt.AlignmentFlag, wrap: bool) -> None:
    painter = QtGui.QPainter(label)
    group = QtGui.QPalette.ColorGroup.Active if label.isEnabled() else QtGui.QPalette.ColorGroup.Disabled
    colour = QtGui.QColor(label.palette().color(group, QtGui.QPalette.ColorRole.WindowText))
    if faint:
        colour.setAlphaF(0.65 * colour.alphaF())
    painter.setPen(colour)
    option = QtGui.QTextOption(alignment)
    mode = QtGui.QTextOption.WrapMode
    option.setWrapMode(mode.WordWrap if wrap else mode.NoWrap)
    painter.drawText(QtCore.QRectF(label.rect()), text, option)
