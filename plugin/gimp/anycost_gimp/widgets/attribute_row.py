"""One attribute: its name, slider, typed value, star and lock."""

from collections.abc import Callable

from anycost_client.protocol.messages import Attribute
from gi.repository import Gdk, GObject, Gtk

from anycost_gimp.image.text import attribute_labels, tr
from anycost_gimp.widgets.strength_entry import StrengthEntry
from anycost_gimp.widgets.style import mark_changed, styled

_SNAP = 0.03  # strength: nearer to zero than this is zero, while dragging

Changed = Callable[[str, float, bool], None]  # attribute, strength, whether the change is done (not amid a drag)
Locked = Callable[[str, bool], None]
Starred = Callable[[str, bool], None]  # attribute, whether it is a favourite


class AttributeRow(Gtk.Box):
    """Shows values and reports what the user did."""

    def __init__(
        self,
        attribute: Attribute,
        on_change: Changed,
        on_lock: Locked,
        names: Gtk.SizeGroup,
        on_star: Starred,
        favourite: bool,
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self.attribute = attribute
        self._on_change, self._on_lock = on_change, on_lock
        self._showing = self._pressed = self._clearing = False
        self._shown: tuple[float, bool, bool, bool, float | None] | None = (
            None  # None: the user has changed what is seen
        )
        name, about = attribute_labels.label(attribute), attribute_labels.about(attribute)
        self._name = name
        self.search_text = attribute_labels.searched(attribute)
        self.label = Gtk.Label(label=name, xalign=0.0)
        self._tip = tr("{about}. Double-click on the slider: back to 0", about=about)
        names.add_widget(self.label)
        scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, attribute.least, attribute.most, 0.05)
        self.scale = styled(scale)
        self.scale.set_increments(0.05, 0.25)
        self.scale.set_draw_value(False)
        self.scale.set_has_origin(False)
        self.scale.add_mark(0.0, Gtk.PositionType.BOTTOM, None)
        self.entry = StrengthEntry(self._typed)
        self.lock = Gtk.ToggleButton(relief=Gtk.ReliefStyle.NONE)
        self.lock.add(Gtk.Image.new_from_icon_name("changes-allow-symbolic", Gtk.IconSize.MENU))
        self.lock.set_tooltip_text(tr("Lock: stays as it is seen while others move; presets and Reset leave it too"))
        self.star = Gtk.ToggleButton(relief=Gtk.ReliefStyle.NONE, active=favourite)
        self.star.add(Gtk.Image())
        self.star.set_tooltip_text(tr("Favourite: listed by itself where only favourites are"))
        for part in (self.scale, self.entry, self.star, self.lock):
            part.get_accessible().set_name(name)
        self.pack_start(self.label, False, False, 0)
        self.pack_start(self.scale, True, True, 0)
        self.pack_start(self.entry, False, False, 0)
        self.pack_start(self.star, False, False, 0)
        self.pack_start(self.lock, False, False, 0)
        self.scale.connect("change-value", self._snapped)
        self.scale.connect("value-changed", self._slid)
        self.scale.connect("button-press-event", self._press)
        self.scale.connect("button-release-event", self._release)
        self.lock.connect("toggled", self._lock)
        self.star.connect("toggled", lambda star: self._show_star())
        self.star.connect("toggled", lambda star: on_star(attribute.name, star.get_active()))
        self._show_star()
        self.scale.connect("scroll-event", let_the_list_scroll)

    def show_strength(
        self, strength: float, mixed: bool, locked: bool, shows: bool = True, reach: float | None = None
    ) -> None:
        """shows: whether anything would be seen; the face may be covered there. reach: 0…1 of what is asked that the
        face shows, where that is little"""
        if (strength, mixed, locked, shows, reach) == self._shown:
            return  # there are many rows, and a drag changes one
        self._shown = (strength, mixed, locked, shows, reach)
        self._showing = True
        if not self._pressed:
            self.scale.set_value(strength)
        self.entry.show_strength(strength)
        mark_changed(self, abs(strength) >= 0.005)
        self.lock.set_active(locked)
        self._showing = False
        icon = "changes-prevent-symbolic" if locked else "changes-allow-symbolic"
        self.lock.get_child().set_from_icon_name(icon, Gtk.IconSize.MENU)
        self.lock.get_child().set_opacity(1.0 if locked else 0.4)
        style = self.entry.get_style_context()
        (style.add_class if mixed else style.remove_class)("dim-label")
        self.entry.set_tooltip_text(tr("The chosen faces differ: this is the first one's") if mixed else None)
        unseen = tr("Nothing would be seen: something covers it there (a hand, a hat …), or the picture has no colours")
        self.label.set_text(self._name if reach is None else f"{self._name} ({round(100 * reach)} %)")
        little = [] if reach is None else [attribute_labels.reach(reach)]
        self.label.set_tooltip_text("\n".join([*little, self._tip if shows else unseen]))
        for part in (self.label, self.scale, self.entry):
            part.set_sensitive(not locked and shows)

    # -------------------------------------------------------------------- events

    def _snapped(self, scale: Gtk.Scale, scroll: Gtk.ScrollType, value: float) -> bool:
        if scroll == Gtk.ScrollType.JUMP and abs(value) < _SNAP:
            scale.set_value(0.0)
            return True
        return False

    def _slid(self, scale: Gtk.Scale) -> None:
        if self._showing:
            return
        self._shown = None
        value = 0.0 if self._clearing else round(scale.get_value(), 2)
        self.entry.show_strength(value)
        mark_changed(self, abs(value) >= 0.005)
        self._on_change(self.attribute.name, value, not self._pressed)

    def _press(self, scale: Gtk.Scale, event: Gdk.EventButton) -> bool:
        if event.button != 1:
            return False
        self._pressed = True
        if event.type == Gdk.EventType.DOUBLE_BUTTON_PRESS:
            self._clearing = True
            scale.set_value(0.0)
        return False

    def _release(self, scale: Gtk.Scale, event: Gdk.EventButton) -> bool:
        if event.button == 1 and self._pressed:
            self._pressed, self._shown = False, None
            value = 0.0 if self._clearing else round(scale.get_value(), 2)
            self._clearing = False
            self._showing = True
            scale.set_value(value)
            self._showing = False
            self._on_change(self.attribute.name, value, True)
        return False

    def _typed(self, value: float) -> None:
        self._showing, self._shown = True, None
        self.scale.set_value(value)
        self._showing = False
        self._on_change(self.attribute.name, value, True)

    def _show_star(self) -> None:
        active = self.star.get_active()
        icon = "starred-symbolic" if active else "non-starred-symbolic"
        self.star.get_child().set_from_icon_name(icon, Gtk.IconSize.MENU)
        self.star.get_child().set_opacity(1.0 if active else 0.4)

    def _lock(self, lock: Gtk.ToggleButton) -> None:
        if not self._showing:
            self._shown = None
            self._on_lock(self.attribute.name, lock.get_active())


def let_the_list_scroll(widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
    """The wheel never changes a strength by accident."""
    GObject.signal_stop_emission_by_name(widget, "scroll-event")
    return False
