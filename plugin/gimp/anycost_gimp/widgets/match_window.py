"""Match: from which layer's face to take over, and what."""

from collections.abc import Callable
from typing import Any

from anycost_client.edit.multi_layer import ABOUT_MATCH, MATCHED, NO_LAYER, Work
from anycost_client.protocol.messages import What
from gi.repository import Gtk

from anycost_gimp.image.layer import Layer
from anycost_gimp.image.text import tr
from anycost_gimp.widgets.work_bar import WorkBar


class MatchWindow(Gtk.Window):
    def __init__(self, over: Gtk.Window, on_start: Callable[[Layer, What], None], on_close: Callable[[], None]) -> None:
        """on_close: cancels a running task, else closes the window."""
        super().__init__(title=tr("Match another face"), transient_for=over, destroy_with_parent=True, border_width=12)
        self._layers: list[Layer] = []
        self._on_start, self._on_close = on_start, on_close
        self.what = Gtk.ComboBoxText()
        for name, text in MATCHED:
            self.what.append(name, tr(text))
        self.what.set_active(0)
        self.layer = Gtk.ComboBoxText()
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        for row, (text, part) in enumerate(((tr("Take"), self.what), (tr("From"), self.layer))):
            label = Gtk.Label(label=text, xalign=0.0)
            part.set_hexpand(True)
            part.get_accessible().set_name(text)
            grid.attach(label, 0, row, 1, 1)
            grid.attach(part, 1, row, 1, 1)
        about = tr(ABOUT_MATCH)
        self.work = WorkBar(tr("Match"), self._start, on_close)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        box.pack_start(grid, False, False, 0)
        box.pack_start(Gtk.Label(label=about, xalign=0.0, wrap=True, max_width_chars=48), False, False, 0)
        box.pack_end(self.work, False, False, 0)
        self.add(box)
        box.show_all()
        self.connect("delete-event", self._close)

    def offer(self, layers: list[Layer]) -> None:
        self._layers = layers
        self.layer.remove_all()
        for layer in layers:
            self.layer.append_text(layer.name)
        self.layer.set_active(0 if layers else -1)
        self.work.allow(bool(layers), "" if layers else tr(NO_LAYER))

    def show_work(self, work: Work) -> None:
        self.work.show_work(work)
        for part in (self.what, self.layer):
            part.set_sensitive(not work.running)

    def _start(self, *_: Any) -> None:
        if self.layer.get_active() >= 0:
            self._on_start(self._layers[self.layer.get_active()], MATCHED[self.what.get_active()][0])

    def _close(self, *_: Any) -> bool:
        self._on_close()
        return True  # the window is kept
