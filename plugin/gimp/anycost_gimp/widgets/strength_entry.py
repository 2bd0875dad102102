"""A strength to be typed, such as +0.80."""

from collections.abc import Callable

from anycost_client.edit.presets import MAX_STRENGTH
from gi.repository import Gdk, Gtk

_STEP = 0.05


class StrengthEntry(Gtk.Entry):
    """Enter, Tab or a click elsewhere takes it; up and down step it; what is no number is put back."""

    def __init__(self, on_change: Callable[[float], None]) -> None:
        super().__init__(width_chars=6, max_width_chars=6, xalign=1.0)
        self._on_change = on_change
        self._value = 0.0
        self.connect("activate", self._take)
        self.connect("focus-out-event", self._take)
        self.connect("key-press-event", self._key)

    def show_strength(self, value: float) -> None:
        self._value = value
        self.set_text(f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00")

    def _take(self, *_: object) -> bool:
        text = self.get_text().strip().replace("−", "-").replace(",", ".")
        try:
            value = round(float(text), 2)
        except ValueError:
            value = self._value
        if abs(value) <= MAX_STRENGTH and abs(value - self._value) >= 0.005:
            self._change(value)
        else:
            self.show_strength(self._value)
        return False

    def _key(self, widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        steps = {Gdk.KEY_Up: _STEP, Gdk.KEY_Down: -_STEP}
        if event.keyval not in steps:
            return False
        value = min(max(self._value + steps[event.keyval], -MAX_STRENGTH), MAX_STRENGTH)
        self._change(round(value, 2))
        return True

    def _change(self, value: float) -> None:
        self.show_strength(value)
        self._on_change(value)
