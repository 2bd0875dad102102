"""The preview in the docker: the region with the change over it, before and after, with a line to drag, points of
the face, and frames around faces to choose from."""

from collections.abc import Mapping

from anycost_client.edit.face_boxes import FaceBoxes, Outline

from anycost_krita.base.qt import Qt, QtCore, QtGui, QtWidgets, place_of, pyqtSignal
from anycost_krita.base.slot_errors import keeps_keys, reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.qimages import shrunk
from anycost_krita.widgets.face_boxes import paint_boxes
from anycost_krita.widgets.face_handles import FaceHandles

_NEAR = 10  # pixels around the line in which it can be taken
_KEYS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space}
_STEP = 0.05  # of the width, for the arrow keys


class PreviewCanvas(QtWidgets.QWidget):
    """Scales images once to the screen's pixels and keeps them until they change."""

    split_moved = pyqtSignal(float)  # 0…1 of the picture's width
    held = pyqtSignal(bool)  # "show me before" begins or ends
    resized = pyqtSignal()
    handles_wanted = pyqtSignal()  # the mouse comes
    handle_taken = pyqtSignal(str)
    face_clicked = pyqtSignal(int, bool)  # id; whether it is one of several
    handle_dragged = pyqtSignal(float, float, bool)  # pixels of the region since it was taken; whether the drag ends

    def __init__(self) -> None:
        super().__init__()
        self._before = QtGui.QImage()
        self._after = QtGui.QImage()  # the change alone
        self._region = QtCore.QSizeF(1, 1)  # pixels of the region
        self._place = QtCore.QRectF()  # of the change, in pixels of the region
        self._view = QtCore.QRectF()  # the part of the region that is shown; empty: all
        self._compare: float | None = None
        self._holding = self._dragging = False
        self._boxes = FaceBoxes()
        self._faces: Mapping[int, Outline] = {}  # in pixels of the region
        self._chosen: tuple[int, ...] = ()
        self._handles = FaceHandles()
        self._places: Mapping[str, tuple[float, float]] = {}  # of the handles, in pixels of the region
        self._waiting = ""
        self._taken: QtCore.QPointF | None = None  # where a handle was taken
        self._scaled = QtGui.QPixmap()  # `_before` in view, at the screen's resolution
        self.setMinimumHeight(96)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Preview"))
        self.setToolTip("")

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(280, 240)

    def show_before(self, image: QtGui.QImage, region: QtCore.QSizeF) -> None:
        self._before, self._region = image, region
        self._after, self._place = QtGui.QImage(), QtCore.QRectF()
        self._outdate()

    def show_after(self, change: QtGui.QImage, place: QtCore.QRectF) -> None:
        self._after, self._place = change, place
        self.update()

    def show_part(self, part: QtCore.QRectF) -> None:
        """In pixels of the region; empty: all of it."""
        if part != self._view:
            self._view = part
            self._outdate()

    def compare(self, at: float | None) -> None:
        """0: before, 1 or None: after, between: split there."""
        self._compare = at
        self.update()

    def show_handles(self, places: Mapping[str, tuple[float, float]], waiting: str = "") -> None:
        """Name → point, in pixels of the region. waiting: is said while the mouse is there and they are to come."""
        self._places, self._waiting = places, waiting
        self._place_handles()

    def show_boxes(self, faces: Mapping[int, Outline], chosen: tuple[int, ...]) -> None:
        """Id → outline of a face that a click chooses, in pixels of the region."""
        self._faces, self._chosen = faces, chosen
        self._place_handles()

    def displayed_pixels(self) -> float:
        """The longer side of the image on the screen, in the screen's pixels."""
        place = self._target()
        return max(place.width(), place.height()) * self.devicePixelRatioF()

    def shown_share(self) -> float:
        """How much of the region's longer side is shown, 0…1."""
        part = self._part()
        return max(part.width(), part.height()) / max(self._region.width(), self._region.height())

    def fitting_height(self) -> int:
        """Pixels: at which the image fills the width."""
        part = self._part()
        return round(self.width() * part.height() / part.width())

    # ------------------------------------------------------------------ geometry

    def _part(self) -> QtCore.QRectF:
        whole = QtCore.QRectF(QtCore.QPointF(0, 0), self._region)
        part = self._view.intersected(whole) if not self._view.isEmpty() else whole
        return part if not part.isEmpty() else whole

    def _target(self) -> QtCore.QRectF:
        """Where the image lies in the widget."""
        part = self._part()
        scale = min(self.width() / part.width(), self.height() / part.height())
        size = QtCore.QSizeF(max(part.width() * scale, 1), max(part.height() * scale, 1))
        return QtCore.QRectF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2, *_pair(size))

    def _scale(self) -> float:
        """Pixels of the widget for one of the region."""
        return self._target().width() / self._part().width()

    def _on_screen(self, place: QtCore.QRectF) -> QtCore.QRectF:
        """A rectangle of the region, in pixels of the widget."""
        part, target, scale = self._part(), self._target(), self._scale()
        x = target.x() + (place.x() - part.x()) * scale
        y = target.y() + (place.y() - part.y()) * scale
        return QtCore.QRectF(x, y, place.width() * scale, place.height() * scale)

    def _outdate(self) -> None:
        """What is shown of `before` is another part, or another size: it is scaled when it is drawn."""
        self._scaled = QtGui.QPixmap()
        self._place_handles()

    def _place_handles(self) -> None:
        spots = {name: self._on_screen(QtCore.QRectF(x, y, 0, 0)).topLeft() for name, (x, y) in self._places.items()}
        self._handles.show({name: spot for name, spot in spots.items() if self._target().contains(spot)})
        scale, part, target = self._scale(), self._part(), self._target()
        left, top = target.x() - part.x() * scale, target.y() - part.y() * scale
        outlines = {id: [(left + x * scale, top + y * scale) for x, y in face] for id, face in self._faces.items()}
        self._boxes.show(outlines, self._chosen)
        self.update()

    def _rescale(self) -> None:
        if not self._before.isNull() and self.width() > 0:
            factor = self._before.width() / self._region.width()
            part, ratio = self._part(), self.devicePixelRatioF()
            cut = QtCore.QRectF(part.x() * factor, part.y() * factor, part.width() * factor, part.height() * factor)
            piece = self._before.copy(cut.toAlignedRect().intersected(self._before.rect()))
            size = (self._target().size() * ratio).toSize().expandedTo(QtCore.QSize(1, 1))
            self._scaled = QtGui.QPixmap.fromImage(shrunk(piece, size))

    # -------------------------------------------------------------------- events

    def event(self, event: QtCore.QEvent) -> bool:
        return keeps_keys(event, _KEYS) or super().event(event)

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        self._outdate()
        self.resized.emit()

    @reports_errors
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        hint = QtGui.QPainter.RenderHint
        painter.setRenderHints(hint.Antialiasing | hint.SmoothPixmapTransform)
        role = QtGui.QPalette.ColorRole
        frame = QtGui.QPainterPath()
        frame.addRoundedRect(QtCore.QRectF(self.rect()), 4, 4)
        painter.setClipPath(frame)
        painter.fillRect(self.rect(), self.palette().color(role.Dark))
        if self._scaled.isNull():
            self._rescale()
        if self._scaled.isNull():
            return
        target = self._target()
        painter.drawPixmap(target, self._scaled, QtCore.QRectF(self._scaled.rect()))
        at = 0.0 if self._holding else 1.0 if self._compare is None else self._compare
        line = target.x() + at * target.width()
        if at > 0 and not self._after.isNull():
            painter.save()
            shown = QtCore.QRectF(target)
            shown.setLeft(target.x() if at >= 1 else line)
            painter.setClipRect(shown, Qt.ClipOperation.IntersectClip)
            painter.drawImage(self._on_screen(self._place), self._after)
            painter.restore()
        if 0 < at < 1:
            self._paint_line(painter, line, target)
        elif at == 0:
            self._chip(painter, tr("Before"), target, left=True)
        if self.underMouse() and not self._holding and self._taken is None:
            paint_boxes(self._boxes, painter, self.palette())
        if at > 0 and (self.underMouse() or self._taken is not None):
            self._handles.paint(painter, self.palette())
        if self._waiting and self.underMouse():
            self._chip(painter, self._waiting, target, left=True, low=True)

    def _paint_line(self, painter: QtGui.QPainter, x: float, target: QtCore.QRectF) -> None:
        """On its left is before, on its right after."""
        role = QtGui.QPalette.ColorRole
        light, dark = self.palette().color(role.HighlightedText), self.palette().color(role.Highlight)
        painter.setPen(QtGui.QPen(dark, 3))
        painter.drawLine(QtCore.QPointF(x, target.top()), QtCore.QPointF(x, target.bottom()))
        painter.setPen(QtGui.QPen(light, 1))
        painter.drawLine(QtCore.QPointF(x, target.top()), QtCore.QPointF(x, target.bottom()))
        middle = QtCore.QPointF(x, target.center().y())
        painter.setPen(QtGui.QPen(light, 1.5))
        painter.setBrush(dark)
        painter.drawEllipse(middle, 9, 9)
        for side in (-1, 1):
            tip = middle + QtCore.QPointF(5.5 * side, 0)
            corners = [tip + QtCore.QPointF(-3 * side, -3), tip, tip + QtCore.QPointF(-3 * side, 3)]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QtGui.QPolygonF(corners))
        self._chip(painter, tr("Before"), target, left=True)
        self._chip(painter, tr("After"), target, left=False)

    def _chip(self, painter: QtGui.QPainter, text: str, target: QtCore.QRectF, left: bool, low: bool = False) -> None:
        role = QtGui.QPalette.ColorRole
        width = self.fontMetrics().horizontalAdvance(text) + 12
        x = target.x() + 6 if left else target.right() - width - 6
        height = self.fontMetrics().height() + 4
        place = QtCore.QRectF(x, target.bottom() - height - 6 if low else target.y() + 6, width, height)
        ground = QtGui.QColor(self.palette().color(role.Window))
        ground.setAlphaF(0.8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(self.palette().color(role.WindowText))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)

    @property
    def _split(self) -> bool:
        return self._compare is not None and 0 < self._compare < 1

    def _near_line(self, x: float) -> bool:
        target = self._target()
        return self._split and abs(x - target.x() - (self._compare or 0) * target.width()) < _NEAR

    def _move_line(self, x: float) -> None:
        target = self._target()
        self.split_moved.emit(min(max((x - target.x()) / target.width(), 0.02), 0.98))

    def _hold(self, holding: bool) -> None:
        if holding is not self._holding:
            self._holding = holding
            self.update()
            self.held.emit(holding)

    @reports_errors
    def hold(self, holding: bool) -> None:
        """Shows before as long as `holding`."""
        self._hold(holding)

    @reports_errors
    def enterEvent(self, event: QtCore.QEvent) -> None:
        self.handles_wanted.emit()
        self.update()

    @reports_errors
    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self.update()

    @reports_errors
    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._look(place_of(event))
        several = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._near_line(place_of(event).x()):
            self._dragging = True
        elif self._handles.near:
            self._taken = place_of(event)
            self.handle_taken.emit(self._handles.near)
        elif self._boxes.near is not None and (several or self._boxes.takes_click):
            self.face_clicked.emit(self._boxes.near, several)
        else:
            self._hold(True)

    @reports_errors
    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._dragging:
            self._move_line(place_of(event).x())
        elif self._taken is not None:
            self._drag_handle(place_of(event), done=False)
        elif self._look(place_of(event)):
            self.setToolTip(self._handles.tip or tr(self._boxes.tip))
            self.update()
        self.setCursor(self._cursor(place_of(event)))

    @reports_errors
    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._taken is not None:
            self._drag_handle(place_of(event), done=True)
        self._dragging, self._taken = False, None
        self._hold(False)

    def _look(self, mouse: QtCore.QPointF) -> bool:
        """Whether something else is at the mouse than before."""
        looked = self._handles.look(mouse), self._boxes.look(mouse.x(), mouse.y())
        return any(looked)

    def _cursor(self, mouse: QtCore.QPointF) -> Qt.CursorShape:
        if self._dragging or self._near_line(mouse.x()):
            return Qt.CursorShape.SplitHCursor
        if self._taken is not None:
            return Qt.CursorShape.ClosedHandCursor
        if self._handles.near:
            return Qt.CursorShape.OpenHandCursor
        return Qt.CursorShape.PointingHandCursor if self._boxes.takes_click else Qt.CursorShape.ArrowCursor

    def _drag_handle(self, mouse: QtCore.QPointF, done: bool) -> None:
        scale = self._scale()
        by = (mouse - self._taken) / scale if self._taken is not None else QtCore.QPointF()
        self.handle_dragged.emit(by.x(), by.y(), done)

    @reports_errors
    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        left, right = (event.key() == key for key in (Qt.Key.Key_Left, Qt.Key.Key_Right))
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._hold(True)
        elif (left or right) and self._split:
            step = -_STEP if left else _STEP
            self.split_moved.emit(min(max((self._compare or 0) + step, 0.02), 0.98))
        else:
            super().keyPressEvent(event)

    @reports_errors
    def keyReleaseEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._hold(False)
        else:
            super().keyReleaseEvent(event)

    @reports_errors
    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        self._hold(False)
        super().focusOutEvent(event)


def _pair(size: QtCore.QSizeF) -> tuple[float, float]:
    return size.width(), size.height()
