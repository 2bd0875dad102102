"""The dialog: shows the controller's state and passes on what the user does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from anycost_client.core.paths import data_dir
from anycost_client.edit.controller import EditController
from anycost_client.edit.page_texts import Message, Notice, message, notice
from anycost_client.edit.presets import Preset, PresetFiles
from anycost_client.edit.starter_presets import starter_presets
from anycost_client.edit.state import Page, State
from anycost_client.protocol.messages import Face, Rectangle
from gi.repository import Gdk, GimpUi, GLib, Gtk, Pango

from anycost_gimp.dialog.layers_view import LayersView
from anycost_gimp.image.layer import Layer
from anycost_gimp.image.pixbufs import pixbuf
from anycost_gimp.image.text import attribute_labels, tr
from anycost_gimp.widgets.attribute_list import AttributeList
from anycost_gimp.widgets.face_strip import FaceStrip, ShownFace
from anycost_gimp.widgets.intensity_bar import IntensityBar
from anycost_gimp.widgets.message_bar import MessageBar
from anycost_gimp.widgets.picture_and_list import PictureAndList
from anycost_gimp.widgets.preset_menu import OfferedPresets, PresetButton, Starters
from anycost_gimp.widgets.preview_picture import Part, PictureCallbacks, PreviewPicture
from anycost_gimp.widgets.refine_bar import RefineBar
from anycost_gimp.widgets.state_page import StatePage
from anycost_gimp.widgets.style import use_style

ROLE = "anycost-edit-face"
_MARGIN = 0.12  # of a face's square, shown around it
_PAUSE = 250  # milliseconds after which an image that became larger is drawn anew
_NOWHERE = Rectangle(0, 0, 1, 1)
_STATE, _EDITING = "state", "editing"


@dataclass(frozen=True)
class DialogCallbacks:
    """What the dialog asks of its owner."""

    close: Any  # leave all as it is
    layers: Callable[[], list[Layer]]  # of the image, that have faces to look at


class EditDialog:
    """`show` what has changed, as EditController tells it."""

    def __init__(
        self, controller: EditController[Layer], callbacks: DialogCallbacks, last: Preset, others: int
    ) -> None:
        """last: strengths of the edit before this one. others: layers that get the same edit."""
        self._controller, self._callbacks = controller, callbacks
        self._editor, self._sliders = controller.editor, controller.editor.sliders
        self.window = GimpUi.Dialog(title=tr("Edit Face"), role=ROLE)
        self.cancel = self.window.add_button(tr("_Cancel"), Gtk.ResponseType.CANCEL)
        self.ok = self.window.add_button(tr("_OK"), Gtk.ResponseType.OK)
        self.window.set_default_response(Gtk.ResponseType.OK)
        self.window.set_alternative_button_order_from_array([Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL])
        self.window.connect("response", self._response)
        self.state_page = StatePage(controller.press_page_button, self._copy_report)
        handles = controller.handles
        self.picture = PreviewPicture(
            PictureCallbacks(
                self._editor.show, self._measure, handles.want, handles.begin, self._sliders.click_face, handles.drag
            )
        )
        self.faces = FaceStrip(self._sliders.select, self._sliders.click_face)
        self.attributes = AttributeList(self._sliders.set, self._lock, controller.favourites)
        sketches = controller.sketches
        starters = Starters(lambda: starter_presets(tr, self._editor), sketches.want, sketches.picture)
        files = PresetFiles(data_dir() / "presets", tr)
        offered = OfferedPresets(files, last, lambda: controller.recent.presets)
        self.presets = PresetButton(offered, controller.use_preset, starters)
        self.undo = _icon_button("edit-undo-symbolic", tr("Undo"), self._sliders.undo)
        self.redo = _icon_button("edit-redo-symbolic", tr("Redo"), self._sliders.redo)
        self.reset = _icon_button("view-refresh-symbolic", tr("All sliders that are not locked to 0"), self._reset)
        self.layers = LayersView(controller, callbacks.layers)
        self.compare = Gtk.ToggleButton(label=tr("_Before / after"), use_underline=True)
        self.compare.set_tooltip_text(tr("A line to drag between both. Hold the mouse on the picture to see before"))
        self.whole = Gtk.ToggleButton(label=tr("_Whole"), use_underline=True)
        self.whole.set_tooltip_text(tr("All that was read of the layer, not only the chosen faces"))
        self.in_image = Gtk.CheckButton(label=tr("_Preview in the image"), use_underline=True)
        self.in_image.set_tooltip_text(tr("As a temporary layer, which goes with this dialog"))
        self.quality = Gtk.Label(xalign=1.0, ellipsize=Pango.EllipsizeMode.END)  # the window must not grow by it
        self.quality.get_style_context().add_class("dim-label")
        self.intensity = IntensityBar(self._sliders.set_intensity)
        self.refine = RefineBar(controller.refine, self._editor.stop_refining)
        self.message = MessageBar(self._message_button, lambda: controller.answer(replace=False))
        self.hint = Gtk.Label(xalign=0.0, no_show_all=True)
        if others:
            self.hint.set_text(tr("Other selected layers that get the same edit: {count}", count=others))
            self.hint.show()
        self._quality = ("", "")  # that is shown: text and tooltip
        self._rest = 0  # source id: the image may have got a larger size
        self._lay_out()
        self._connect_keys()
        use_style(self.window.get_screen())
        self.show("page")

    def show(self, what: str) -> None:
        match what:
            case "faces":
                self._show_faces()
                self._show_page()
            case "attributes":
                self._show_values()
            case "preview":
                shown = self._editor.preview
                picture = shown.picture if shown else None
                self.picture.show_after(pixbuf(picture) if picture else None, shown.rectangle if shown else _NOWHERE)
                self._show_quality()
                self._show_ok()
            case "sketches":
                self.presets.show_starters()
                self.layers.show_pictures()
            case "handles":
                self.picture.show_handles(self._controller.handles.places)
                self._show_quality()
            case "compare":
                self.picture.compare(self._editor.compare)
            case "selected":
                self.faces.show_selected(self._sliders.selected)
                self._show_part()
                self._show_values()
            case "multi layer":
                self.layers.show_work()
            case "values" | "history" | "locks":
                self._show_values()
            case _:
                self._show_page()

    def come_to_front(self) -> None:
        """All sliders stay as they are."""
        self.window.present_with_time(Gdk.CURRENT_TIME)
        self._controller.say(tr("This window was open already. Close it to edit another layer."))

    def close(self) -> None:
        self.state_page.still()
        if self._rest:
            GLib.source_remove(self._rest)
        self.window.destroy()

    # --------------------------------------------------------------------- layout

    def _lay_out(self) -> None:
        view = Gtk.Box(spacing=6)
        for part in (self.compare, self.whole, self.in_image):
            view.pack_start(part, False, False, 0)
        view.pack_start(self.quality, True, True, 0)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(self.picture)
        left.pack_start(frame, True, True, 0)
        for part in (view, self.faces):
            left.pack_start(part, False, False, 0)
        for part in (self.undo, self.redo, self.reset, self.presets, self.layers):
            self.attributes.top.pack_start(part, False, False, 0)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(self.attributes, True, True, 0)
        for part in (self.intensity, self.refine):
            right.pack_start(part, False, False, 0)
        editing = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        editing.pack_start(PictureAndList(left, right), True, True, 0)
        editing.pack_start(self.hint, False, False, 0)
        editing.pack_start(self.message, False, False, 0)
        self.stack = Gtk.Stack(border_width=12)
        self.stack.add_named(self.state_page, _STATE)
        self.stack.add_named(editing, _EDITING)
        self.window.get_content_area().pack_start(self.stack, True, True, 0)
        self.stack.show_all()
        self.compare.connect("toggled", lambda button: self._editor.show(0.5 if button.get_active() else None))
        self.whole.connect("toggled", lambda _: self._show_part())
        self.in_image.connect("toggled", lambda button: self._controller.show_in_image(button.get_active()))

    def _connect_keys(self) -> None:
        keys = Gtk.AccelGroup()
        control, shift = Gdk.ModifierType.CONTROL_MASK, Gdk.ModifierType.SHIFT_MASK
        bindings = ((self.undo, "z", control), (self.redo, "y", control), (self.redo, "z", control | shift))
        for button, key, modifiers in bindings:
            button.add_accelerator("clicked", keys, ord(key), modifiers, Gtk.AccelFlags.VISIBLE)
        self.window.add_accel_group(keys)

    # -------------------------------------------------------------- what has changed

    def _show_page(self) -> None:
        if self._controller.page is Page.EDITING:
            self.state_page.still()
            self.stack.set_visible_child_name(_EDITING)
            self._show_values()
            self._show_message()
        else:
            self.state_page.show_notice(self._notice())
            self.stack.set_visible_child_name(_STATE)
        self._show_ok()

    def _notice(self) -> Notice:
        if self._controller.page is not Page.NO_FACE:
            return notice(self._controller)
        text = tr(
            "Select a part that shows both eyes and the mouth, then look again. For another layer, close this first."
        )
        return replace(notice(self._controller), text=text)

    def _show_ok(self) -> None:
        source = self._controller.source
        self.ok.set_label(tr("_Update layer") if source and source.replaces is not None else tr("_OK"))
        self.ok.set_sensitive(self._controller.can_apply and self._editor.preview is not None)  # what has been seen

    def _show_faces(self) -> None:
        editor, source = self._editor, self._controller.source
        before = pixbuf(editor.before) if editor.before else None
        if source is None:
            return
        image = source.region.image
        self.picture.show_before(before, image.width, image.height)
        shown = []
        for face in editor.faces:
            picture = pixbuf(face.thumbnail) if face.thumbnail else None
            shown.append(ShownFace(face.id, picture, face.warning))
        self.faces.show_faces(shown, self._sliders.selected)
        self._show_part()

    def _show_part(self) -> None:
        """The chosen faces from near, or all of the region."""
        chosen = [face for face in self._editor.faces if face.id in self._sliders.selected]
        close = bool(chosen) and not self.whole.get_active()
        self.picture.show_part(_around(chosen) if close else None)
        faces = self._editor.faces if len(self._editor.faces) > 1 else ()
        boxes = {face.id: _around([face], 0.0) for face in faces if not (close and face in chosen)}
        self.picture.show_boxes(boxes, self._sliders.selected)
        self._measure()

    def _measure(self) -> None:
        """How many pixels the next previews need, so that the screen shows each of them."""
        self._controller.fit_previews(self.picture.wanted_side)
        if self._controller.source is not None and not self._rest:
            self._rest = GLib.timeout_add(_PAUSE, self._sharpen)

    def _sharpen(self) -> bool:
        self._rest = 0
        self._editor.sharpen()
        return False

    def _show_values(self) -> None:
        sliders, editor = self._sliders, self._editor
        self.attributes.offer(attribute_labels.shown(sliders))
        self.attributes.show_values(sliders)
        self.presets.show_current(sliders.preset(""))
        self.undo.set_sensitive(sliders.can_undo)
        self.redo.set_sensitive(sliders.can_redo)
        self.reset.set_sensitive(bool(sliders.preset("").strengths))
        for part in (self.attributes, self.faces):
            part.set_sensitive(not self._controller.applying)  # what is drawn is what is seen
        edited = bool(sliders.values) or sliders.intensity != 1
        self.intensity.show_intensity(sliders.intensity, edited and not self._controller.applying)
        possible = editor.state is State.READY and bool(sliders.selected) and not self._controller.applying
        self.refine.show_running(editor.refining, possible)
        self.layers.match.set_sensitive(possible)
        self.layers.history.set_sensitive(possible and (sliders.can_undo or sliders.can_redo))
        self.layers.same.set_sensitive(possible and len(editor.faces) > 1)
        self._show_ok()

    def _show_message(self) -> None:
        shown = message(self._controller)
        if self._controller.applying:  # a refinement has a button of its own
            shown = replace(shown, button=tr("Stop"))
        warned = [face for face in self._editor.faces if face.id in self._sliders.selected and face.warning]
        if not shown.text and warned:
            shown = Message("done", tr("This face is {warning}.", warning=tr(warned[0].warning)))
        self.message.show_message(shown)

    def _show_quality(self) -> None:
        """Whether a better picture comes; figures for those who hold the mouse there, not over the face."""
        shown = self._editor.preview
        drawn = shown is not None and shown.picture is not None
        text = "" if not drawn else tr("Sharpening…") if shown and shown.more else tr("Sharp")
        if self._controller.handles.measuring:
            text = tr("Measuring the face…")
        if (text, tip := attribute_labels.quality(shown)) != self._quality:  # handles move with every slider
            self._quality = text, tip
            self.quality.set_text(text)
            self.quality.set_tooltip_text(tip or None)

    # ------------------------------------------------------------- what the user does

    def _response(self, window: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.OK:
            if self.ok.get_sensitive():
                self._controller.apply()
        elif response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.DELETE_EVENT, Gtk.ResponseType.CLOSE):
            self._callbacks.close()

    def _lock(self, attribute: str, locked: bool) -> None:
        self._sliders.lock(attribute, locked)

    def _reset(self) -> None:
        self._sliders.reset_all()

    def _message_button(self) -> None:
        if self._controller.applying:
            self._controller.stop_applying()
        elif self._controller.asks_to_replace:
            self._controller.answer(replace=True)
        else:
            self._copy_report()

    def _copy_report(self) -> None:
        clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
        clipboard.set_text(self._controller.report(), -1)
        clipboard.store()
        self._controller.say(tr("The report is copied."))


def _icon_button(icon: str, tip: str, act: Any) -> Gtk.Button:
    button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
    button.set_tooltip_text(tip)
    button.get_accessible().set_name(tip)
    button.connect("clicked", lambda _: act())
    return button


def _around(faces: list[Face], room: float = _MARGIN) -> Part:
    """Their squares with some room, a share of their size; in pixels of the region."""
    xs = [x for face in faces for x, _ in face.corners]
    ys = [y for face in faces for _, y in face.corners]
    margin = room * max(max(xs) - min(xs), max(ys) - min(ys))
    width, height = max(xs) - min(xs) + 2 * margin, max(ys) - min(ys) + 2 * margin
    return Part(min(xs) - margin, min(ys) - margin, width, height)
