"""Learn an attribute: its name, layers whose faces have it, and layers whose faces do not."""

from collections.abc import Callable
from typing import Any

from anycost_client.edit.attribute_labels import MIN_FACES, name_of
from anycost_client.edit.multi_layer import ABOUT_LEARN, Work, can_learn
from gi.repository import Gtk, Pango

from anycost_gimp.image.layer import Layer
from anycost_gimp.image.text import tr
from anycost_gimp.widgets.work_bar import WorkBar

_NAME, _WITH, _WITHOUT = 0, 1, 2  # columns
Start = Callable[[str, list[Layer], list[Layer]], None]  # name, layers with it, layers without it


class LearnWindow(Gtk.Window):
    def __init__(self, over: Gtk.Window, on_start: Start, on_close: Callable[[], None]) -> None:
        """on_close: cancels a running task, else closes the window."""
        title = tr("Make a slider from layers")
        super().__init__(title=title, transient_for=over, destroy_with_parent=True, border_width=12)
        self.set_default_size(420, 460)
        self._layers: list[Layer] = []
        self._on_start, self._on_close = on_start, on_close
        self.name = Gtk.Entry(max_length=40, hexpand=True)
        self.name.get_accessible().set_name(tr("Name"))
        self.rows = Gtk.ListStore(str, bool, bool)
        self.view = Gtk.TreeView(model=self.rows)
        text = Gtk.CellRendererText(ellipsize=Pango.EllipsizeMode.MIDDLE)
        layers = Gtk.TreeViewColumn(tr("Layer"), text, text=_NAME)
        layers.set_expand(True)
        self.view.append_column(layers)
        for column, said in ((_WITH, tr("has it")), (_WITHOUT, tr("has it not"))):
            mark = Gtk.CellRendererToggle()
            mark.connect("toggled", self._toggled, column)
            self.view.append_column(Gtk.TreeViewColumn(said, mark, active=column))
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.add(self.view)
        about = tr(ABOUT_LEARN, least=MIN_FACES)
        self.work = WorkBar(tr("Make slider"), self._start, on_close)
        top = Gtk.Box(spacing=12)
        top.pack_start(Gtk.Label(label=tr("Name")), False, False, 0)
        top.pack_start(self.name, True, True, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        box.pack_start(top, False, False, 0)
        box.pack_start(scrolled, True, True, 0)
        box.pack_start(Gtk.Label(label=about, xalign=0.0, wrap=True, max_width_chars=48), False, False, 0)
        box.pack_start(self.work, False, False, 0)
        self.add(box)
        box.show_all()
        self.name.connect("changed", self._check)
        self.connect("delete-event", self._close)

    def offer(self, layers: list[Layer]) -> None:
        """Keeps the marks of layers that still exist."""
        kept = {layer.id: tuple(row) for layer, row in zip(self._layers, self.rows, strict=True)}
        self._layers = layers
        self.rows.clear()
        for layer in layers:
            _, having, lacking = kept.get(layer.id, ("", False, False))
            self.rows.append([layer.name, having, lacking])
        self._check()

    def show_work(self, work: Work) -> None:
        self.work.show_work(work)
        for part in (self.name, self.view):
            part.set_sensitive(not work.running)

    # ------------------------------------------------------------------ inside

    def _marked(self, column: int) -> list[Layer]:
        return [layer for layer, row in zip(self._layers, self.rows, strict=True) if row[column]]

    def _toggled(self, mark: Gtk.CellRendererToggle, path: str, column: int) -> None:
        """A layer has it or has it not."""
        row = self.rows[path]
        row[column] = not row[column]
        if row[column]:
            row[_WITH + _WITHOUT - column] = False
        self._check()

    def _check(self, *_: Any) -> None:
        positive, negative = (len(self._marked(column)) for column in (_WITH, _WITHOUT))
        self.work.allow(can_learn(self.name.get_text(), positive, negative))

    def _start(self) -> None:
        self._on_start(name_of(self.name.get_text()), self._marked(_WITH), self._marked(_WITHOUT))

    def _close(self, *_: Any) -> bool:
        self._on_close()
        return True  # the window is kept
