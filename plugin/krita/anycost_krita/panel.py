"""The docker's contents: shows what the controller holds, and hands on what the user does. No state of its own."""

from collections.abc import Callable

from anycost_client.editor import State
from anycost_client.messages import Face
from anycost_client.presets import Preset

from .batch_view import BatchView
from .controller import MAX_SIDE, Controller, Page
from .guard import guarded
from .notices import message, notice, other_layer
from .pictures import as_image, cut
from .presets_store import PresetsStore
from .qt import QAction, Qt, QtCore, QtGui, QtWidgets
from .text import tr
from .widgets.attribute_list import AttributeList
from .widgets.compare_bar import CompareBar
from .widgets.face_strip import SIDE, FaceStrip
from .widgets.glyphs import GlyphButton
from .widgets.labels import ShortLabel
from .widgets.message_bar import MessageBar
from .widgets.preset_menu import PresetMenu
from .widgets.preview_canvas import PreviewCanvas
from .widgets.refine_bar import RefineBar
from .widgets.state_page import StatePage

_AROUND = 0.12  # of a face's square, shown around it


class Panel(QtWidgets.QWidget):
    """Takes the controller over: it is closed with `shut`, or with the program."""

    def __init__(self, controller: Controller, copy: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.controller = controller
        controller.setParent(self)
        self._copy = copy or (lambda text: QtWidgets.QApplication.clipboard().setText(text))
        self._before = QtGui.QImage()
        self._split_by_hand = False
        self._build()
        self._connect()
        for what in ("page", "layer", "message"):
            self._show(what)

    def fault(self, error: Exception) -> None:
        """An exception in a slot or an event of any part."""
        self.controller.fault(error)

    def shut(self) -> None:
        """The docker or the program goes."""
        self.batch_view.close()
        self.controller.close()

    # --------------------------------------------------------------------- layout

    def _build(self) -> None:
        self.state_page = StatePage()
        self.name = ShortLabel()
        font = QtGui.QFont(self.name.font())
        font.setBold(True)
        self.name.setFont(font)
        self.reread = GlyphButton("reread", tr("Read the layer and the selection again"))
        self.leave = GlyphButton("close", tr("Leave this layer as it is"))
        self.other = MessageBar()
        self.canvas = PreviewCanvas()
        self.compare = CompareBar()
        self.faces = FaceStrip()
        self.attributes = AttributeList()
        self.presets = PresetMenu(PresetsStore(self.controller.host.presets_folder))
        self.undo = GlyphButton("undo", tr("Undo"))
        self.redo = GlyphButton("redo", tr("Redo"))
        self.reset = GlyphButton("reset", tr("Reset all sliders that are not locked"))
        self.refine = RefineBar()
        self.message = MessageBar()
        self.batch = QtWidgets.QPushButton(tr("Batch…"))
        self.batch.setToolTip(tr("The same edit on many layers or keyframes"))
        self.batch_view = BatchView(self.controller, self)
        self.apply = QtWidgets.QToolButton()
        self.apply.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.apply.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.apply.setFont(font)
        self.apply_new = QAction(tr("Apply as another layer"), self)

        header = _row(self.name, self.reread, self.leave, stretch=0, spacing=0)
        for button in (self.presets, self.undo, self.redo, self.reset):
            self.attributes.top.addWidget(button)
        self.picture = _column(self.canvas, self.compare, self.faces, stretch=0)
        self.splitter = QtWidgets.QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.picture)
        self.splitter.addWidget(self.attributes)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        footer = _row(self.batch, self.apply, stretch=1, spacing=6)
        self.editing = _column(header, self.other, self.splitter, self.refine, self.message, footer, stretch=2)
        self.stack = QtWidgets.QStackedWidget()
        self.stack.addWidget(self.state_page)
        self.stack.addWidget(self.editing)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.addWidget(self.stack)

    def _connect(self) -> None:
        controller, sliders = self.controller, self.controller.editor.sliders
        controller.changed.connect(self._changed)
        self.state_page.pressed.connect(self._page_button)
        self.state_page.cancelled.connect(self._leave)
        self.state_page.report_wanted.connect(self._copy_report)
        self.reread.clicked.connect(self._edit_active)
        self.leave.clicked.connect(self._leave)
        self.other.pressed.connect(self._edit_active)
        self.splitter.splitterMoved.connect(self._split_moved)
        self.canvas.split_moved.connect(self._compare)
        self.canvas.resized.connect(self._measure)
        self.compare.hold.connect(self.canvas.hold)
        self.compare.split.connect(self._split)
        self.compare.close_up.connect(self._show_part)
        self.compare.on_canvas.connect(self._on_canvas)
        self.compare.show_canvas(controller.on_canvas)
        self.faces.chosen.connect(self._choose_faces)
        self.attributes.changed.connect(self._strength)
        self.attributes.lock_changed.connect(self._lock)
        self.presets.chosen.connect(self._use_preset)
        self.undo.clicked.connect(self._undo)
        self.redo.clicked.connect(self._redo)
        self.reset.clicked.connect(self._reset)
        self.refine.wanted.connect(self._refine)
        self.refine.stopped.connect(self._stop)
        self.message.pressed.connect(self._copy_report)
        self.batch.clicked.connect(self.batch_view.open)
        self.apply.clicked.connect(self._apply)
        self.apply_new.triggered.connect(self._apply_new)
        self.attributes.offer(sliders.attributes)

    # -------------------------------------------------------------- what has changed

    @guarded
    def _changed(self, what: str) -> None:
        self._show(what)

    def _show(self, what: str) -> None:
        editor, controller = self.controller.editor, self.controller
        match what:
            case "page":
                self._show_page()
            case "faces":
                self._show_faces()
            case "attributes":
                self.attributes.offer(editor.sliders.attributes)
                self._show_values()
            case "preview":
                shown = editor.preview
                place = shown.rectangle if shown else None
                rectangle = QtCore.QRectF(place.x, place.y, place.width, place.height) if place else QtCore.QRectF()
                self.canvas.show_after(controller.images.of(shown.picture if shown else None), rectangle)
                self.compare.show_quality(shown)
            case "compare":
                self.canvas.compare(editor.compare)
                self.compare.show_split(editor.compare is not None)
            case "values" | "history" | "locks" | "selected":
                self._show_values()
            case "progress" | "refined" | "result" | "message" if controller.page is not Page.EDITING:
                self._show_page()
            case _:
                self._show_messages()
        if what == "selected":
            self.faces.show_selected(editor.sliders.selected)
            self._show_part()
        if what == "layer":
            self._show_page()

    def _show_page(self) -> None:
        controller = self.controller
        if controller.page is Page.EDITING:
            self.name.setText(controller.source.layer.name if controller.source else "")
            self.stack.setCurrentWidget(self.editing)
            self._show_values()
        else:
            self.state_page.show_notice(notice(controller))
            self.stack.setCurrentWidget(self.state_page)
        self._show_messages()

    def _show_faces(self) -> None:
        editor, source = self.controller.editor, self.controller.source
        self._before = self.controller.images.of(editor.before)
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

    def _show_values(self) -> None:
        sliders = self.controller.editor.sliders
        self.attributes.show_values(sliders)
        self.presets.current = sliders.preset("")
        self._show_buttons()

    def _show_messages(self) -> None:
        for bar, said in ((self.message, message(self.controller)), (self.other, other_layer(self.controller))):
            bar.show_message(said.glyph, said.text, said.button, said.fraction)
        self._show_buttons()

    def _show_buttons(self) -> None:
        controller, editor, sliders = self.controller, self.controller.editor, self.controller.editor.sliders
        ready, edited = editor.state is State.READY, bool(sliders.values)
        self.undo.setEnabled(sliders.can_undo)
        self.redo.setEnabled(sliders.can_redo)
        self.reset.setEnabled(edited)
        self.refine.show_running(editor.refining, ready and bool(sliders.selected))
        updates = bool(controller.source and controller.source.replaces)
        self.apply.setText(tr("Stop") if controller.applying else tr("Update layer") if updates else tr("Apply"))
        self.apply.setEnabled(controller.applying or (edited and ready))
        mode = QtWidgets.QToolButton.ToolButtonPopupMode
        self.apply.setPopupMode(mode.MenuButtonPopup if updates else mode.DelayedPopup)
        (self.apply.addAction if updates else self.apply.removeAction)(self.apply_new)
        self.batch.setEnabled(bool(sliders.preset("").strengths) or bool(controller.batch and controller.batch.running))

    @guarded
    def _show_part(self) -> None:
        """The chosen faces from near, or all of the picture."""
        editor = self.controller.editor
        chosen = [face for face in editor.faces if face.id in editor.sliders.selected]
        part = QtCore.QRectF()
        if self.compare.shows_close_up:
            for face in chosen:
                square = _bounds(face)
                margin = _AROUND * square.width()
                part = part.united(square.adjusted(-margin, -margin, margin, margin))
        self.canvas.show_part(part)
        self._fit_canvas()
        self._measure()

    def _fit_canvas(self) -> None:
        """As high as the picture needs, and half of the room at most; until somebody moves the handle."""
        if not self._split_by_hand:
            others = self.picture.sizeHint().height() - self.canvas.sizeHint().height()
            room = self.splitter.height()
            height = min(self.canvas.fitting_height() + others, round(room * 0.52))
            self.splitter.setSizes([height, room - height])

    @guarded
    def _split_moved(self) -> None:
        self._split_by_hand = True

    @guarded
    def _measure(self) -> None:
        """How many pixels the next previews need, so that the screen shows each of them."""
        source, editor = self.controller.source, self.controller.editor
        if source is None:
            return
        image = source.region.image
        share = self.canvas.shown_share()
        side = min(self.canvas.displayed_pixels() / max(share, 1e-3), max(image.width, image.height), MAX_SIDE)
        editor.max_side = max(64 * round(side / 64), 64)  # in steps, so that the backend can keep what it has drawn

    # ------------------------------------------------------------- what the user does

    @guarded
    def _page_button(self) -> None:
        if self.controller.page is Page.FAILED:
            self.controller.retry()
        else:
            self.controller.edit_active()

    @guarded
    def _edit_active(self) -> None:
        self.controller.edit_active()

    @guarded
    def _leave(self) -> None:
        self.controller.stop_edit()

    @guarded
    def _copy_report(self) -> None:
        self._copy(self.controller.report())

    @guarded
    def _compare(self, at: float) -> None:
        self.controller.editor.show(at)

    @guarded
    def _split(self, on: bool) -> None:
        self.controller.editor.show(0.5 if on else None)

    @guarded
    def _on_canvas(self, on: bool) -> None:
        self.controller.show_on_canvas(on)

    @guarded
    def _choose_faces(self, faces: tuple[int, ...]) -> None:
        self.controller.editor.sliders.select(faces)

    @guarded
    def _strength(self, attribute: str, strength: float, done: bool) -> None:
        self.controller.editor.sliders.set(attribute, strength, done)

    @guarded
    def _lock(self, attribute: str, locked: bool) -> None:
        self.controller.editor.sliders.lock(attribute, locked)

    @guarded
    def _use_preset(self, preset: Preset) -> None:
        self.controller.use_preset(preset)

    @guarded
    def _undo(self) -> None:
        self.controller.editor.sliders.undo()

    @guarded
    def _redo(self) -> None:
        self.controller.editor.sliders.redo()

    @guarded
    def _reset(self) -> None:
        self.controller.editor.sliders.reset_all()

    @guarded
    def _refine(self, faithful: float) -> None:
        selected = self.controller.editor.sliders.selected
        if selected:
            self.controller.editor.refine(selected[0], faithful=faithful)

    @guarded
    def _stop(self) -> None:
        self.controller.editor.stop_refining()

    @guarded
    def _apply(self) -> None:
        if self.controller.applying:
            self.controller.stop_applying()
        else:
            self.controller.apply()

    @guarded
    def _apply_new(self) -> None:
        self.controller.apply(as_new=True)

    # --------------------------------------------------------------------- events

    @guarded
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        QtCore.QTimer.singleShot(0, self._fit_later)

    @guarded
    def _fit_later(self) -> None:
        self._fit_canvas()

    @guarded
    def hideEvent(self, event: QtGui.QHideEvent) -> None:
        self.controller.set_hidden(True)
        super().hideEvent(event)

    @guarded
    def showEvent(self, event: QtGui.QShowEvent) -> None:
        self.controller.set_hidden(False)
        super().showEvent(event)


def _row(*parts: QtWidgets.QWidget, stretch: int, spacing: int) -> QtWidgets.QWidget:
    return _box(QtWidgets.QHBoxLayout(), parts, stretch, spacing)


def _column(*parts: QtWidgets.QWidget, stretch: int) -> QtWidgets.QWidget:
    return _box(QtWidgets.QVBoxLayout(), parts, stretch, 4)


def _box(
    layout: QtWidgets.QBoxLayout, parts: tuple[QtWidgets.QWidget, ...], stretch: int, spacing: int
) -> QtWidgets.QWidget:
    """`stretch`: number of the part that takes what is left."""
    box = QtWidgets.QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for number, part in enumerate(parts):
        layout.addWidget(part, 1 if number == stretch else 0)
    box.setLayout(layout)
    return box


def _bounds(face: Face) -> QtCore.QRectF:
    """Around the aligned square, in pixels of the region."""
    return QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in face.corners]).boundingRect()


def _scaled(place: QtCore.QRectF, by: float) -> QtCore.QRectF:
    return QtCore.QRectF(place.x() * by, place.y() * by, place.width() * by, place.height() * by)
