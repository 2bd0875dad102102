"""The docker's contents: shows the controller's state and passes on what the user does."""

from collections.abc import Callable
from random import Random

from anycost_client.edit.page_texts import message, notice
from anycost_client.edit.presets import PresetFiles
from anycost_client.edit.small_change import change_a_little
from anycost_client.edit.state import Page, State

from anycost_krita.base.qt import QAction, Qt, QtCore, QtGui, QtWidgets
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, tr
from anycost_krita.base.undo_keys import step_of, takes_step
from anycost_krita.docker.batch_view import BatchView
from anycost_krita.docker.layers_view import LayersView
from anycost_krita.docker.other_layer import other_layer_message
from anycost_krita.docker.picture_view import PictureView
from anycost_krita.docker.presets_view import PresetsView
from anycost_krita.edit.controller import Controller
from anycost_krita.widgets.attribute_list import AttributeList
from anycost_krita.widgets.boxes import column, row
from anycost_krita.widgets.glyphs import GlyphButton
from anycost_krita.widgets.intensity_bar import IntensityBar
from anycost_krita.widgets.labels import ShortLabel
from anycost_krita.widgets.message_bar import MessageBar
from anycost_krita.widgets.more_menu import MoreButton
from anycost_krita.widgets.preset_menu import PresetButton
from anycost_krita.widgets.refine_bar import RefineBar
from anycost_krita.widgets.state_page import StatePage

_TEN_ROWS = 340  # pixels: the head of the list, of two groups, and ten sliders
_LEAST_SHARE = 0.3  # that the image takes where there is no room for them, until somebody moves the handle below it


class Panel(QtWidgets.QWidget):
    """Owns the controller: `shut` closes it."""

    def __init__(self, controller: Controller, copy: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.controller = controller
        self._copy = copy or (lambda text: QtWidgets.QApplication.clipboard().setText(text))
        self._split_by_hand = False
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._build()
        self._connect()
        for what in ("page", "layer", "message"):
            self._show(what)

    def report_error(self, error: Exception) -> None:
        """An exception in a slot or an event of any part."""
        self.controller.report_error(error)

    def take_focus(self) -> None:
        """Keys go to the sliders, as soon as they are there."""
        self.activateWindow()
        self._focus_inside()

    def shut(self) -> None:
        """The docker or the program goes."""
        self.batch_view.close()
        self.layers_view.close()
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
        self.picture = PictureView(self.controller)
        self.canvas, self.compare, self.faces = self.picture.canvas, self.picture.compare, self.picture.faces
        self.attributes = AttributeList(self.controller.favourites)
        files, recent = PresetFiles(self.controller.host.presets_folder, tr), self.controller.recent
        self.presets = PresetButton(files, lambda: recent.presets)
        self.undo = GlyphButton("undo", tr("Undo"), label=tr("Undo"))
        self.redo = GlyphButton("redo", tr("Redo"), label=tr("Redo"))
        self.reset = GlyphButton("reset", tr("Reset all sliders that are not locked"), label=tr("Reset"))
        self.layers_view = LayersView(self.controller, self)
        self.more = MoreButton(self.controller.wants_figures)
        self.presets_view = PresetsView(self.controller, self.presets, self.more.history)
        self.refine = RefineBar()
        self.refine.hide()
        self.intensity = IntensityBar()
        self.message = MessageBar()
        self.batch = QtWidgets.QPushButton(tr("Batch…"))
        self.batch.setToolTip(tr("The same edit on many layers or keyframes"))
        self.batch_view = BatchView(self.controller, self)
        self.apply = QtWidgets.QToolButton()
        self.apply.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.apply.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.apply.setFont(font)
        self.apply_new = QAction(tr("Apply as another layer"), self)

        header = row(self.name, self.reread, self.leave, stretch=0, spacing=0)
        self.attributes.add_buttons(self.presets, self.undo, self.redo, self.reset, self.more)
        self.splitter = QtWidgets.QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.picture)
        self.attributes.below_top.addWidget(self.intensity)
        self.splitter.addWidget(self.attributes)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        footer = row(self.batch, self.apply, stretch=1, spacing=6)
        self.editing = column(header, self.other, self.splitter, self.refine, self.message, footer, stretch=2)
        self.stack = QtWidgets.QStackedWidget()
        self.stack.addWidget(self.state_page)
        self.stack.addWidget(self.editing)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.addWidget(self.stack)

    def _connect(self) -> None:
        self.controller.watch(self._changed)
        self.state_page.pressed.connect(self._page_button)
        self.state_page.cancelled.connect(self._leave)
        self.state_page.report_wanted.connect(self._copy_report)
        self.reread.clicked.connect(self._edit_active)
        self.leave.clicked.connect(self._leave)
        self.other.pressed.connect(self._edit_active)
        self.splitter.splitterMoved.connect(self._split_moved)
        self.compare.close_up.connect(self._fit_later)
        self.attributes.built.connect(self._rows_are_there)
        self.attributes.changed.connect(self._strength)
        self.attributes.lock_changed.connect(self._lock)
        self.intensity.changed.connect(self._intensity)
        self.undo.clicked.connect(self._undo)
        self.redo.clicked.connect(self._redo)
        self.reset.clicked.connect(self.reset_all)
        self.refine.wanted.connect(self._refine)
        self.refine.stopped.connect(self._stop)
        self.message.pressed.connect(self._message_button)
        self.message.other_pressed.connect(self._add_instead)
        self.batch.clicked.connect(self.batch_view.open)
        self.more.match.triggered.connect(self.layers_view.open_match)
        self.more.learn.triggered.connect(self.layers_view.open_learn)
        self.more.same.triggered.connect(self._copy_to_all)
        self.more.chance.triggered.connect(self.randomise)
        self.more.refine.toggled.connect(self.refine.setVisible)
        self.more.figures.toggled.connect(self.picture.show_figures)
        self.apply.clicked.connect(self.press_apply)
        self.apply_new.triggered.connect(self.apply_as_new)

    # -------------------------------------------------------------- what has changed

    @reports_errors
    def _changed(self, what: str) -> None:
        self._show(what)

    def _show(self, what: str) -> None:
        controller = self.controller
        match what:
            case "page" | "layer":
                self._show_page()
            case "faces":
                self.picture.show_faces()
                self._fit_picture()
            case "attributes":
                self._show_values()
            case "preview":
                self.picture.show_preview()
            case "handles":
                self.picture.show_handles()
            case "sketches":
                self.presets_view.show_pictures()
            case "compare":
                self.picture.show_comparison()
            case "zoom":
                self.picture.measure()
            case "values" | "history" | "locks" | "selected":
                self._show_values()
            case "progress" | "refined" | "result" | "message" if controller.page is not Page.EDITING:
                self._show_page()
            case _:
                self._show_messages()
        if what == "selected":
            self.picture.show_selected()
            self._fit_picture()

    def _show_page(self) -> None:
        controller, had_focus = self.controller, self._has_focus()
        if controller.page is Page.EDITING:
            self._show_name()
            self.stack.setCurrentWidget(self.editing)
            self._show_strengths()
        else:
            self.state_page.show_notice(notice(controller))
            self.stack.setCurrentWidget(self.state_page)
        if had_focus and not self._has_focus():  # it was in what has just been hidden
            self._focus_inside()
        self._show_messages()

    def _show_name(self) -> None:
        source = self.controller.source
        if source is not None:
            document = self.controller.host.document_of(source.layer)
            self.name.setText(source.layer.name)
            self.name.explain(
                tr("{layer} ({document})", layer=source.layer.name, document=document) if document else ""
            )

    def _has_focus(self) -> bool:
        """Whether keys go to something here that can be seen."""
        at = QtWidgets.QApplication.focusWidget()
        return at is self or (at is not None and self.isAncestorOf(at) and at.isVisibleTo(self))

    def _focus_inside(self) -> None:
        """The first slider, the page's button, or this itself: then undo is not the document's."""
        if self.stack.currentWidget() is self.editing:
            first = self.attributes.first_row()
            (first.slider if first else self.canvas).setFocus()
        else:
            button = self.state_page.button
            (button if button.isVisibleTo(self) else self).setFocus()

    def _show_values(self) -> None:
        self._show_strengths()
        self._show_buttons()

    def _show_strengths(self) -> None:
        sliders = self.controller.editor.sliders
        self.attributes.offer(attribute_labels.shown(sliders))
        self.attributes.show_values(sliders)
        self.presets.show_current(sliders.preset(""))
        if not self.intensity.dragging:
            self.intensity.show_strength(sliders.intensity)

    def _show_messages(self) -> None:
        self.message.show_message(message(self.controller))
        self._show_buttons()

    def _show_buttons(self) -> None:
        controller, editor, sliders = self.controller, self.controller.editor, self.controller.editor.sliders
        self.other.show_message(other_layer_message(controller))
        ready, edited = editor.state is State.READY, bool(sliders.values)
        self.undo.setEnabled(controller.can_undo)
        self.redo.setEnabled(controller.can_redo)
        self.reset.setEnabled(edited)
        self.intensity.setEnabled(edited or sliders.intensity != 1)
        self.refine.show_running(editor.refining, ready and bool(sliders.selected))
        self.more.history.setEnabled(sliders.can_undo or sliders.can_redo)
        self.more.same.setEnabled(ready and len(editor.faces) > 1 and bool(sliders.selected))
        self.more.match.setEnabled(ready and bool(sliders.selected))
        updates = bool(controller.source and controller.source.replaces)
        self.apply.setText(tr("Stop") if controller.applying else tr("Update layer") if updates else tr("Apply"))
        self.apply.setEnabled(controller.applying or (edited and ready))
        mode = QtWidgets.QToolButton.ToolButtonPopupMode
        self.apply.setPopupMode(mode.MenuButtonPopup if updates else mode.DelayedPopup)
        (self.apply.addAction if updates else self.apply.removeAction)(self.apply_new)
        self.batch.setEnabled(bool(sliders.preset("").strengths) or bool(controller.batch and controller.batch.running))

    def _fit_picture(self) -> None:
        """As high as the image needs where that leaves room for ten sliders; until somebody moves the handle."""
        if not self._split_by_hand:
            room = self.splitter.height()
            height = min(self.picture.fitting_height(), max(room - _TEN_ROWS, round(room * _LEAST_SHARE)))
            self.splitter.setSizes([height, room - height])

    @reports_errors
    def _split_moved(self) -> None:
        self._split_by_hand = True

    @reports_errors
    def _rows_are_there(self) -> None:
        if self.canvas.hasFocus():
            self._focus_inside()

    # ------------------------------------------------------------- what the user does

    @reports_errors
    def _page_button(self) -> None:
        self.controller.press_page_button()

    @reports_errors
    def _edit_active(self) -> None:
        self.controller.edit_active()

    @reports_errors
    def _leave(self) -> None:
        self.controller.stop_edit()

    @reports_errors
    def _copy_report(self) -> None:
        self._copy(self.controller.report())

    @reports_errors
    def _message_button(self) -> None:
        if self.controller.asks_to_replace:
            self.controller.answer(replace=True)
        else:
            self._copy_report()

    @reports_errors
    def _add_instead(self) -> None:
        self.controller.answer(replace=False)

    @reports_errors
    def _strength(self, attribute: str, strength: float, done: bool) -> None:
        self.controller.editor.sliders.set(attribute, strength, done)

    @reports_errors
    def _intensity(self, intensity: float, done: bool) -> None:
        self.controller.editor.sliders.set_intensity(intensity, done)

    @reports_errors
    def _lock(self, attribute: str, locked: bool) -> None:
        self.controller.editor.sliders.lock(attribute, locked)

    @reports_errors
    def _copy_to_all(self) -> None:
        editor = self.controller.editor
        editor.sliders.copy_to(face.id for face in editor.faces)

    @reports_errors
    def _undo(self) -> None:
        self.controller.undo()

    @reports_errors
    def _redo(self) -> None:
        self.controller.redo()

    @reports_errors
    def reset_all(self) -> None:
        self.controller.editor.sliders.reset_all()

    @reports_errors
    def _refine(self, faithful: float) -> None:
        self.controller.refine(faithful)

    @reports_errors
    def _stop(self) -> None:
        self.controller.editor.stop_refining()

    @reports_errors
    def press_apply(self) -> None:
        if self.controller.applying:
            self.controller.stop_applying()
        elif self.apply.isEnabled():
            self.controller.apply()

    @reports_errors
    def apply_as_new(self) -> None:
        if self.apply.isEnabled():
            self.controller.apply(as_new=True)

    @reports_errors
    def turn_canvas(self) -> None:
        self.picture.turn_canvas()

    @reports_errors
    def turn_before(self) -> None:
        self.controller.turn_before()

    @reports_errors
    def choose_next_face(self) -> None:
        self.controller.choose_next_face()

    @reports_errors
    def randomise(self) -> None:
        change_a_little(self.controller.editor.sliders, Random())

    # --------------------------------------------------------------------- events

    def event(self, event: QtCore.QEvent) -> bool:
        """Undo and redo are the sliders', wherever in here the focus is."""
        if step_of(event) and self.stack.currentWidget() is self.editing:
            return takes_step(event, self._undo, self._redo)
        return super().event(event)

    @reports_errors
    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        QtCore.QTimer.singleShot(0, self._fit_later)

    @reports_errors
    def _fit_later(self) -> None:
        self._fit_picture()

    @reports_errors
    def hideEvent(self, event: QtGui.QHideEvent) -> None:
        self.controller.set_hidden(True)
        super().hideEvent(event)

    @reports_errors
    def showEvent(self, event: QtGui.QShowEvent) -> None:
        self.controller.set_hidden(False)
        super().showEvent(event)
