"""The lower part of a window for a long task: progress and buttons."""

from collections.abc import Callable

from anycost_client.edit.multi_layer import Work
from gi.repository import Gtk

from anycost_gimp.image.text import tr


class WorkBar(Gtk.Box):
    def __init__(self, verb: str, on_start: Callable[[], None], on_cancel: Callable[[], None]) -> None:
        """on_cancel: while it runs; else the window may close."""
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        self.text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=48, no_show_all=True)
        self.bar = Gtk.ProgressBar(no_show_all=True)
        self.start = Gtk.Button(label=verb, can_default=True)
        self.cancel = Gtk.Button(label=tr("Close"))
        self.start.connect("clicked", lambda _: on_start())
        self.cancel.connect("clicked", lambda _: on_cancel())
        buttons = Gtk.Box(spacing=6, halign=Gtk.Align.END)
        buttons.pack_start(self.cancel, False, False, 0)
        buttons.pack_start(self.start, False, False, 0)
        for part in (self.text, self.bar, buttons):
            self.pack_start(part, False, False, 0)
        self._running, self._allowed = False, True

    def allow(self, allowed: bool, why: str = "") -> None:
        """Whether it can be started; if not, why."""
        self._allowed = allowed
        if not self._running:
            self.show_work(Work(text=why))

    def show_work(self, work: Work) -> None:
        self._running = work.running
        self.text.set_text(work.text)
        self.text.set_visible(bool(work.text))
        self.bar.set_visible(work.fraction is not None)
        if work.fraction is not None and work.fraction >= 0:
            self.bar.set_fraction(min(work.fraction, 1.0))
        elif work.fraction is not None:
            self.bar.pulse()
        self.start.set_sensitive(self._allowed and not work.running)
        self.cancel.set_label(tr("Cancel") if work.running else tr("Close"))
