"""The intensity of the whole edit, in per cent."""

from collections.abc import Callable

from anycost_client.edit.intensity import LEAST_INTENSITY, MOST_INTENSITY
from gi.repository import Gdk, Gtk

from anycost_gimp.image.text import tr
from anycost_gimp.widgets.attribute_row import let_the_list_scroll
from anycost_gimp.widgets.style import mark_changed, styled

_SNAP = 0.04  # nearer to 0 % or 100 % than this is that, while dragging


class IntensityBar(Gtk.Box):
    def __init__(self, on_change: Callable[[float, bool], None]) -> None:
        """on_change: gets the intensity, and whether the change is done (not amid a drag)."""
        super().__init__(spacing=6)
        self._on_change = on_change
        self._showing = self._pressed = False
        scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, LEAST_INTENSITY, MOST_INTENSITY, 0.05)
        self.scale = styled(scale)
        self.scale.set_draw_value(False)
        self.scale.set_has_origin(False)
        self.scale.add_mark(1.0, Gtk.PositionType.BOTTOM, None)
        self.scale.set_value(1.0)
        self.scale.set_tooltip_text(
            tr("Of the whole edit: all strengths times this. Below 0 %: the opposite. Double-click: 100 %")
        )
        self.scale.get_accessible().set_name(tr("Intensity"))
        self.value = Gtk.Label(label=_per_cent(1.0), width_chars=6, xalign=1.0)
        self.pack_start(Gtk.Label(label=tr("Intensity")), False, False, 0)
        self.pack_start(self.scale, True, True, 0)
        self.pack_start(self.value, False, False, 0)
        self.scale.connect("value-changed", self._moved)
        self.scale.connect("button-press-event", self._press)
        self.scale.connect("button-release-event", self._release)
        self.scale.connect("scroll-event", let_the_list_scroll)

    def show_intensity(self, intensity: float, possible: bool) -> None:
        if not self._pressed:
            self._showing = True
            self.scale.set_value(intensity)
            self._showing = False
        self.value.set_text(_per_cent(intensity))
        mark_changed(self, intensity != 1)
        self.set_sensitive(possible)

    # -------------------------------------------------------------------- events

    def _intensity(self) -> float:
        value = round(self.scale.get_value(), 2)
        return next((rest for rest in (0.0, 1.0) if abs(value - rest) < _SNAP), value)

    def _moved(self, scale: Gtk.Scale) -> None:
        if not self._showing:
            self._on_change(self._intensity(), not self._pressed)

    def _press(self, scale: Gtk.Scale, event: Gdk.EventButton) -> bool:
        if event.button != 1:
            return False
        if event.type == Gdk.EventType.DOUBLE_BUTTON_PRESS:
            self._pressed = False
            scale.set_value(1.0)
            return True
        self._pressed = True
        return False

    def _release(self, scale: Gtk.Scale, event: Gdk.EventButton) -> bool:
        if event.button == 1 and self._pressed:
            self._pressed = False
            self._on_change(self._intensity(), True)
        return False


def _per_cent(share: float) -> str:
    return tr("{share} %", share=f"{100 * share:.0f}".replace("-", "−"))
