"""One message above the buttons: what just happened or goes on, with a thin bar of progress and at most two buttons."""

from anycost_client.edit.page_texts import Message

from anycost_krita.base.qt import QtCore, QtGui, QtWidgets, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.widgets.glyphs import Glyph
from anycost_krita.widgets.labels import FaintLabel

_WIDE = 400  # pixels


class MessageBar(QtWidgets.QWidget):
    pressed = pyqtSignal()
    other_pressed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._glyph = Glyph("done", 16)
        self.text = FaintLabel()
        self.button = QtWidgets.QToolButton()
        self.other_button = QtWidgets.QToolButton()
        self._fraction: float | None = None
        said = QtWidgets.QHBoxLayout()
        said.setSpacing(6)
        said.addWidget(self._glyph)
        said.addWidget(self.text, 1)
        self._box = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(6, 5, 6, 5)
        self._box.setSpacing(6)
        self._box.addLayout(said, 1)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.button)
        buttons.addWidget(self.other_button)
        self._box.addLayout(buttons)
        self.button.clicked.connect(self._pressed)
        self.other_button.clicked.connect(self._other_pressed)
        self.hide()

    def show_message(self, message: Message) -> None:
        """An empty text hides it."""
        self._glyph.show_glyph(message.glyph)
        self.text.setText(message.text)
        for button, text in ((self.button, message.button), (self.other_button, message.other_button)):
            button.setText(text)
            button.setVisible(bool(text))
        self._fraction = message.fraction
        self.setVisible(bool(message.text))
        self.update()

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """The button beside the text, or below it where that is short of room."""
        super().resizeEvent(event)
        direction = QtWidgets.QBoxLayout.Direction
        self._box.setDirection(direction.LeftToRight if self.width() >= _WIDE else direction.TopToBottom)

    @reports_errors
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        role = QtGui.QPalette.ColorRole
        ground = QtGui.QColor(self.palette().color(role.WindowText))
        ground.setAlphaF(0.07)
        path = QtGui.QPainterPath()
        path.addRoundedRect(QtCore.QRectF(self.rect()), 4, 4)
        painter.fillPath(path, ground)
        if self._fraction is not None:
            painter.setClipPath(path)
            width = self.width() * min(max(self._fraction, 0.0), 1.0)
            painter.fillRect(QtCore.QRectF(0, self.height() - 2.5, width, 2.5), self.palette().color(role.Highlight))

    @reports_errors
    def _pressed(self) -> None:
        self.pressed.emit()

    @reports_errors
    def _other_pressed(self) -> None:
        self.other_pressed.emit()
