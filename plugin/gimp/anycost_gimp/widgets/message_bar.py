"""One line below the sliders: what runs and how far it is, what went wrong, and up to two buttons for that."""

from collections.abc import Callable

from anycost_client.edit.page_texts import Message
from gi.repository import Gtk, Pango


class MessageBar(Gtk.Box):
    """Keeps its height when it is empty, so that nothing jumps."""

    def __init__(self, on_press: Callable[[], None], on_other: Callable[[], None]) -> None:
        super().__init__(spacing=8)
        self._icon = Gtk.Image()
        self.label = Gtk.Label(xalign=0.0, wrap=True, lines=2, ellipsize=Pango.EllipsizeMode.END)
        self.bar = Gtk.ProgressBar(valign=Gtk.Align.CENTER)
        self.bar.set_size_request(120, -1)
        self.button = Gtk.Button()
        self.button.connect("clicked", lambda _: on_press())
        self.other_button = Gtk.Button()
        self.other_button.connect("clicked", lambda _: on_other())
        self.pack_start(self._icon, False, False, 0)
        self.pack_start(self.label, True, True, 0)
        self.pack_start(self.bar, False, False, 0)
        self.pack_start(self.button, False, False, 0)
        self.pack_start(self.other_button, False, False, 0)
        self.set_size_request(-1, 34)

    def show_message(self, message: Message) -> None:
        text, fraction = message.text, message.fraction
        self._icon.set_visible(message.glyph == "warning" and bool(text))
        self._icon.set_from_icon_name("dialog-warning", Gtk.IconSize.MENU)
        self.label.set_text(text)
        self.label.set_tooltip_text(text or None)
        for button, words in ((self.button, message.button), (self.other_button, message.other_button)):
            button.set_label(words)
            button.set_visible(bool(words))
        self.bar.set_visible(fraction is not None)
        if fraction is not None and fraction > 0:
            self.bar.set_fraction(min(fraction, 1.0))
        elif fraction is not None:
            self.bar.pulse()
