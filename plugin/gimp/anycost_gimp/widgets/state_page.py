"""Shown while nothing is edited: the situation, the remedy, and a button for it."""

from collections.abc import Callable

from anycost_client.edit.page_texts import Notice
from gi.repository import GLib, Gtk

from anycost_gimp.image.text import tr


class StatePage(Gtk.Box):
    def __init__(self, on_press: Callable[[], None], on_report: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self.set_halign(Gtk.Align.CENTER)
        self.set_valign(Gtk.Align.CENTER)
        self._icon = Gtk.Image()
        self.title = Gtk.Label(wrap=True, max_width_chars=48, justify=Gtk.Justification.CENTER)
        self.text = Gtk.Label(wrap=True, max_width_chars=56, justify=Gtk.Justification.CENTER, selectable=True)
        self.text.set_can_focus(False)
        self.bar = Gtk.ProgressBar()
        self.bar.set_size_request(280, -1)
        self.button = Gtk.Button()
        self.report = Gtk.Button(label=tr("Copy _report"), use_underline=True)
        self.report.set_tooltip_text(tr("Versions, state and log, without your name, folders and pictures"))
        self.button.connect("clicked", lambda _: on_press())
        self.report.connect("clicked", lambda _: on_report())
        buttons = Gtk.Box(spacing=6, halign=Gtk.Align.CENTER)
        buttons.pack_start(self.button, False, False, 0)
        buttons.pack_start(self.report, False, False, 0)
        for part in (self._icon, self.title, self.text, self.bar, buttons):
            self.pack_start(part, False, False, 0)
        self._pulse = 0

    def show_notice(self, notice: Notice) -> None:
        self._icon.set_visible(notice.glyph in ("no_face", "warning"))
        self._icon.set_from_icon_name("dialog-warning", Gtk.IconSize.DIALOG)
        self.title.set_markup(f"<big><b>{GLib.markup_escape_text(notice.title)}</b></big>")
        self.text.set_text(notice.text)
        self.text.set_visible(bool(notice.text))
        self.button.set_label(notice.button)
        self.button.set_visible(bool(notice.button))
        self.report.set_visible(notice.report)
        self.bar.set_visible(notice.fraction is not None)
        waits = notice.fraction is not None and notice.fraction <= 0
        if notice.fraction is not None and not waits:
            self.bar.set_fraction(min(notice.fraction, 1.0))
        if waits and not self._pulse:
            self._pulse = GLib.timeout_add(120, self._move)
        elif not waits:
            self.still()

    def still(self) -> None:
        """Stops the animation."""
        if self._pulse:
            GLib.source_remove(self._pulse)
            self._pulse = 0

    def _move(self) -> bool:
        self.bar.pulse()
        return True
