"""The faces that were found, as thumbnails: choose one, several or all."""

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import Gdk, GdkPixbuf, Gtk

from anycost_gimp.image.text import tr

SIDE = 56  # pixels of a thumbnail


@dataclass(frozen=True)
class ShownFace:
    id: int
    picture: GdkPixbuf.Pixbuf | None
    warning: str = ""  # for people


class FaceStrip(Gtk.Box):
    """Not to be seen for a single face."""

    def __init__(self, on_choice: Callable[[tuple[int, ...]], None], on_click: Callable[[int, bool], None]) -> None:
        """on_choice: of all faces. on_click: a face, and whether it is one of several."""
        super().__init__(spacing=6, no_show_all=True)
        self._on_choice, self._on_click = on_choice, on_click
        self._buttons: dict[int, Gtk.ToggleButton] = {}
        self._selected: tuple[int, ...] = ()
        self._showing = False
        self._row = Gtk.Box(spacing=2)
        scrolled = Gtk.ScrolledWindow(vscrollbar_policy=Gtk.PolicyType.NEVER, propagate_natural_height=True)
        scrolled.add(self._row)
        self.all = Gtk.Button(label=tr("_All"), use_underline=True, valign=Gtk.Align.CENTER)
        self.all.set_tooltip_text(tr("Change all faces together"))
        self.all.connect("clicked", lambda _: self._on_choice(tuple(self._buttons)))
        self.pack_start(scrolled, True, True, 0)
        self.pack_start(self.all, False, False, 0)

    def show_faces(self, faces: list[ShownFace], selected: tuple[int, ...]) -> None:
        for child in self._row.get_children():
            child.destroy()
        self._buttons.clear()
        for number, face in enumerate(faces, 1):
            button = Gtk.ToggleButton(relief=Gtk.ReliefStyle.NONE)
            if face.picture is None:
                button.set_label(str(number))
            else:
                scaled = face.picture.scale_simple(SIDE, SIDE, GdkPixbuf.InterpType.BILINEAR)
                button.add(Gtk.Image.new_from_pixbuf(scaled))
            about = tr("Face {number}. With Ctrl: choose it as well", number=number)
            button.set_tooltip_text("\n".join(filter(None, (about, tr(face.warning) if face.warning else ""))))
            button.get_accessible().set_name(tr("Face {number}", number=number))
            button.connect("toggled", self._toggled, face.id)
            self._buttons[face.id] = button
            self._row.pack_start(button, False, False, 0)
        for child in self.get_children():
            child.show_all()
        self.set_visible(len(faces) > 1)
        self.show_selected(selected)

    def show_selected(self, selected: tuple[int, ...]) -> None:
        self._selected, self._showing = selected, True
        for id, button in self._buttons.items():
            button.set_active(id in selected)
            if button.get_child():
                button.get_child().set_opacity(1.0 if id in selected else 0.55)
        self._showing = False
        self.all.set_sensitive(len(selected) < len(self._buttons))

    def _toggled(self, button: Gtk.ToggleButton, id: int) -> None:
        if self._showing:
            return
        _, state = Gtk.get_current_event_state()
        self._on_click(id, bool(state & (Gdk.ModifierType.CONTROL_MASK | Gdk.ModifierType.SHIFT_MASK)))
        self.show_selected(self._selected)  # the button has turned itself
