"""The upper half of the docker: the image before and after, how it is looked at, and the faces to choose from."""

from anycost_client.protocol.messages import Face

from anycost_krita.base.qt import QtCore, QtGui, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.qimages import as_image, cut
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.compare_bar import CompareBar
from anycost_krita.widgets.face_strip import SIDE, FaceStrip
from anycost_krita.widgets.preview_canvas import PreviewCanvas

_MARGIN = 0.12  # of a face's square, shown around it
_PAUSE = 250  # milliseconds without another size after which what is seen is drawn anew


class PictureView(QtWidgets.QWidget):
    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._before = QtGui.QImage()
        self.canvas = PreviewCanvas()
        self.compare = CompareBar()
        self.faces = FaceStrip()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.compare)
        layout.addWidget(self.faces)
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_PAUSE)
        self._rest.timeout.connect(self._sharpen)
        self.canvas.split_moved.connect(self._compare)
        self.canvas.resized.connect(self.measure)
        self.canvas.handles_wanted.connect(self._want_handles)
        self.canvas.handle_taken.connect(self._take_handle)
        self.canvas.handle_dragged.connect(self._drag_handle)
        self.canvas.face_clicked.connect(self._click_face)
        self.compare.hold.connect(self.canvas.hold)
        self.compare.split.connect(self._split)
        self.compare.close_up.connect(self._close_up)
        self.compare.on_canvas.connect(self._on_canvas)
        self.compare.show_canvas(controller.wants_canvas)
        self.compare.show_figures(controller.wants_figures)
        self.faces.chosen.connect(self._choose)

    # -------------------------------------------------------------- what has changed

    def show_faces(self) -> None:
        """Another image, or none."""
        editor, source = self._controller.editor, self._controller.source
        self._before = self._controller.images.of(editor.before)
        if source is None:
            self.canvas.show_before(QtGui.QImage(), QtCore.QSizeF(1, 1))
            return
        region = QtCore.QSizeF(source.region.image.width, source.region.image.height)
        self.canvas.show_before(self._before, region)
        ratio = self.devicePixelRatioF()
        scale = self._before.width() / region.width() if not self._before.isNull() else 1.0
        shown = []
        for face in editor.faces:
            image = as_image(face.thumbnail)
            if image.isNull() and not self._before.isNull():
                image = cut(self._before, _scaled(_bounds(face), scale), round(SIDE * ratio))
            shown.append((face.id, image, face.warning))
        self.faces.show_faces(shown, editor.sliders.selected)
        self.faces.setVisible(len(shown) > 1 or any(warning for _, _, warning in shown))  # else nothing is to choose
        self._show_part()

    def show_preview(self) -> None:
        shown = self._controller.editor.preview
        place = shown.rectangle if shown else None
        rectangle = QtCore.QRectF(place.x, place.y, place.width, place.height) if place else QtCore.QRectF()
        self.canvas.show_after(self._controller.images.of(shown.picture if shown else None), rectangle)
        self.canvas.setToolTip(self.compare.show_quality(shown))

    def show_comparison(self) -> None:
        at = self._controller.editor.compare
        self.canvas.compare(at)
        self.compare.show_split(at is not None)

    def show_selected(self) -> None:
        self.faces.show_selected(self._controller.editor.sliders.selected)
        self._show_part()

    def show_handles(self) -> None:
        handles = self._controller.handles
        self.canvas.show_handles(handles.places, tr("Measuring the face…") if handles.measuring else "")

    def fitting_height(self) -> int:
        """Pixels: at which the image fills the width."""
        return self.sizeHint().height() - self.canvas.sizeHint().height() + self.canvas.fitting_height()

    def turn_canvas(self) -> None:
        """The preview on the canvas: on or off."""
        on = not self._controller.wants_canvas
        self.compare.show_canvas(on)
        self._on_canvas(on)

    def show_figures(self, on: bool) -> None:
        """The line that says what drew the preview."""
        self._controller.show_figures(on)
        self.compare.show_figures(on)
        self.compare.show_quality(self._controller.editor.preview)

    # ------------------------------------------------------------------ inside

    def _show_part(self) -> None:
        """The chosen faces from near, or all of the image."""
        editor = self._controller.editor
        part = QtCore.QRectF()
        if self.compare.shows_close_up:
            for face in editor.faces:
                if face.id in editor.sliders.selected:
                    square = _bounds(face)
                    margin = _MARGIN * square.width()
                    part = part.united(square.adjusted(-margin, -margin, margin, margin))
        self.canvas.show_part(part)
        near = self.compare.shows_close_up
        others = [face for face in editor.faces if not (near and face.id in editor.sliders.selected)]
        boxes = {face.id: face.corners for face in others} if len(editor.faces) > 1 else {}
        self.canvas.show_boxes(boxes, editor.sliders.selected)
        self.updateGeometry()
        self.measure()

    @reports_errors
    def measure(self) -> None:
        """How many pixels the next previews need, so that the screen shows each of them."""
        source = self._controller.source
        if source is None:
            return
        image = source.region.image
        longest = max(image.width, image.height)
        in_docker = self.canvas.displayed_pixels() / max(self.canvas.shown_share(), 1e-3)
        on_canvas = longest * self._controller.canvas_scale * self.devicePixelRatioF()
        self._controller.fit_previews(max(in_docker, on_canvas))
        self._rest.start()

    @reports_errors
    def _sharpen(self) -> None:
        self._controller.editor.sharpen()

    @reports_errors
    def _compare(self, at: float) -> None:
        self._controller.editor.show(at)

    @reports_errors
    def _split(self, on: bool) -> None:
        self._controller.editor.show(0.5 if on else None)

    @reports_errors
    def _close_up(self) -> None:
        self._show_part()

    @reports_errors
    def _on_canvas(self, on: bool) -> None:
        self._controller.show_on_canvas(on)
        self.measure()

    @reports_errors
    def _want_handles(self) -> None:
        self._controller.handles.want()

    @reports_errors
    def _take_handle(self, name: str) -> None:
        self._controller.handles.begin(name)

    @reports_errors
    def _drag_handle(self, x: float, y: float, done: bool) -> None:
        self._controller.handles.drag((x, y), done)

    @reports_errors
    def _click_face(self, face: int, several: bool) -> None:
        self._controller.editor.sliders.click_face(face, several)

    @reports_errors
    def _choose(self, faces: tuple[int, ...]) -> None:
        self._controller.editor.sliders.select(faces)


def _bounds(face: Face) -> QtCore.QRectF:
    """Of the aligned square, in pixels of the region."""
    return QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in face.corners]).boundingRect()


def _scaled(place: QtCore.QRectF, by: float) -> QtCore.QRectF:
    return QtCore.QRectF(place.x() * by, place.y() * by, place.width() * by, place.height() * by)
