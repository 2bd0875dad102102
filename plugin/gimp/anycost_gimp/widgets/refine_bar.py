"""Refine: the balance between faithful and editable, and the button that starts and stops it."""

from collections.abc import Callable

from gi.repository import Gtk

from anycost_gimp.image.text import tr
from anycost_gimp.widgets.style import styled


class RefineBar(Gtk.Box):
    def __init__(self, on_start: Callable[[float], None], on_stop: Callable[[], None]) -> None:
        """on_start: gets 0 (editable) to 1 (faithful)."""
        super().__init__(spacing=6)
        self._running = False
        self._on_start, self._on_stop = on_start, on_stop
        self.scale = styled(Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0.0, 1.0, 0.1))
        self.scale.set_value(0.5)
        self.scale.set_draw_value(False)
        self.scale.set_has_origin(False)
        self.scale.set_tooltip_text(
            tr("Faithful: more like the photo. Editable: sliders do more. Refining takes half a minute.")
        )
        self.button = Gtk.Button(label=tr("_Refine"), use_underline=True)
        self.button.connect("clicked", self._clicked)
        self.pack_start(Gtk.Label(label=tr("Editable")), False, False, 0)
        self.pack_start(self.scale, True, True, 0)
        self.pack_start(Gtk.Label(label=tr("Faithful")), False, False, 0)
        self.pack_start(self.button, False, False, 0)

    def show_running(self, running: bool, possible: bool) -> None:
        self._running = running
        self.button.set_label(tr("_Stop") if running else tr("_Refine"))
        self.button.set_sensitive(running or possible)
        self.scale.set_sensitive(not running and possible)

    def _clicked(self, button: Gtk.Button) -> None:
        if self._running:
            self._on_stop()
        else:
            self._on_start(round(self.scale.get_value(), 2))
