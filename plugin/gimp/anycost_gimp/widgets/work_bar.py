"""The lower end of a window that starts something long: what goes on, how far it is, and the buttons for it."""

from collections.abc import Callable

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
            self.show_work(False, why, None)

    def show_work(self, running: bool, text: str, fraction: float | None) -> None:
        """fraction: 0…1; below 0: nobody knows; None: nothing is under way."""
        self._running = running
        self.text.set_text(text)
        self.text.set_visible(bool(text))
        self.bar.set_visible(fraction is not None)
        if fraction is not None and fraction >= 0:
            self.bar.set_fraction(min(fraction, 1.0))
        elif fraction is not None:
            self.bar.pulse()
        self.start.set_sensitive(self._allowed and not running)
        self.cancel.set_label(tr("Cancel") if running else tr("Close"))
