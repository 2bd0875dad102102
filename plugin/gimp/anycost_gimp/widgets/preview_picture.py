"""The preview in the dialog: the region with the change over it, before and after, with a line to drag."""

from collections.abc import Callable
from dataclasses import dataclass

from anycost_client.protocol.messages import Rectangle
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

_NEAR = 10  # pixels around the line in which it can be taken
_GROUND = 0x808080FF  # behind transparent pixels
_LINE = 0xFFFFFFFF
_EDGE = 0x00000080


@dataclass(frozen=True)
class Part:
    """Of the region, in its pixels."""

    x: float
    y: float
    width: float
    height: float


class PreviewPicture(Gtk.Layout):
    """Drawn with pixbufs alone: not every GIMP has cairo for Python."""

    def __init__(self, on_split: Callable[[float], None], on_resize: Callable[[], None]) -> None:
        super().__init__()
        self._on_split, self._on_resize = on_split, on_resize
        self._before: GdkPixbuf.Pixbuf | None = None
        self._after: GdkPixbuf.Pixbuf | None = None  # the change alone
        self._place = Rectangle(0, 0, 1, 1)  # of the change, in pixels of the region
        self._region = Part(0, 0, 1, 1)
        self._part: Part | None = None  # that is shown; None: all
        self._base: GdkPixbuf.Pixbuf | None = None  # `_before` at the size of the screen
        self._compare: float | None = None
        self._holding = self._dragging = False
        self._size = (0, 0)
        self._image = Gtk.Image()
        self.put(self._image, 0, 0)
        self.set_size_request(240, 200)
        self.set_hexpand(True)
        self.set_vexpand(True)
        mask = Gdk.EventMask
        self.add_events(mask.BUTTON_PRESS_MASK | mask.BUTTON_RELEASE_MASK | mask.POINTER_MOTION_MASK)
        self.connect("size-allocate", self._resized)
        self.connect("button-press-event", self._pressed)
        self.connect("motion-notify-event", self._moved)
        self.connect("button-release-event", self._released)

    def show_before(self, before: GdkPixbuf.Pixbuf | None, width: int, height: int) -> None:
        """width, height: of the region, pixels."""
        self._before, self._after, self._region = before, None, Part(0, 0, width, height)
        self._rescale()

    def show_after(self, after: GdkPixbuf.Pixbuf | None, place: Rectangle) -> None:
        self._after, self._place = after, place
        self._draw()

    def show_part(self, part: Part | None) -> None:
        if part != self._part:
            self._part = part
            self._rescale()

    def compare(self, at: float | None) -> None:
        """0: before, 1 or None: after, between: split there."""
        self._compare = at
        self._draw()

    @property
    def wanted_side(self) -> float:
        """Pixels that the longer side of the whole region needs, so that the screen shows each of them."""
        region, _, _, scale = self._region, *self._target()
        return max(region.width, region.height) * scale * self.get_scale_factor()

    # ------------------------------------------------------------------ geometry

    def _shown(self) -> Part:
        whole, part = self._region, self._part or self._region
        x, y = max(part.x, 0.0), max(part.y, 0.0)
        right, bottom = min(part.x + part.width, whole.width), min(part.y + part.height, whole.height)
        return Part(x, y, right - x, bottom - y) if right - x >= 1 and bottom - y >= 1 else whole

    def _target(self) -> tuple[int, int, float]:
        """Width and height of the image on the screen, and screen pixels for one of the region."""
        part = self._shown()
        scale = min(self.get_allocated_width() / part.width, self.get_allocated_height() / part.height)
        return max(round(part.width * scale), 1), max(round(part.height * scale), 1), scale

    def _left(self, width: int) -> int:
        return (self.get_allocated_width() - width) // 2

    def _rescale(self) -> None:
        self._base = None
        if self._before is not None:
            width, height, scale = self._target()
            part, factor = self._shown(), self._before.get_width() / self._region.width
            base = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, width, height)
            base.fill(_GROUND)
            place = (-part.x * scale, -part.y * scale, scale / factor, scale / factor)
            self._before.composite(base, 0, 0, width, height, *place, GdkPixbuf.InterpType.BILINEAR, 255)
            self._base = base
        self._draw()

    def _draw(self) -> None:
        if self._image.get_parent() is not self:  # the window is gone
            return
        if self._base is None:
            self._image.clear()
            return
        shown = self._base.copy()
        at = 0.0 if self._holding else self._compare
        if self._after is not None and at != 0:
            self._lay_over(shown, at or 0.0)
        if at is not None and 0 < at < 1:
            x = min(max(round(at * shown.get_width()), 1), shown.get_width() - 2)
            for left, width, colour in ((x - 1, 3, _EDGE), (x, 1, _LINE)):
                shown.new_subpixbuf(left, 0, width, shown.get_height()).fill(colour)
        self._image.set_from_pixbuf(shown)
        top = (self.get_allocated_height() - shown.get_height()) // 2
        self.move(self._image, self._left(shown.get_width()), top)

    def _lay_over(self, shown: GdkPixbuf.Pixbuf, at: float) -> None:
        """The change, on the right of the line."""
        after, place, part, (_, _, scale) = self._after, self._place, self._shown(), self._target()
        if after is None:
            return
        x, y = (place.x - part.x) * scale, (place.y - part.y) * scale
        split = at if at < 1 else 0.0
        left, top = max(round(x), round(split * shown.get_width()), 0), max(round(y), 0)
        right = min(round(x + place.width * scale), shown.get_width())
        bottom = min(round(y + place.height * scale), shown.get_height())
        if right <= left or bottom <= top:
            return
        scales = place.width * scale / after.get_width(), place.height * scale / after.get_height()
        box = (left, top, right - left, bottom - top)
        after.composite(shown, *box, x, y, *scales, GdkPixbuf.InterpType.BILINEAR, 255)

    # -------------------------------------------------------------------- events

    def _resized(self, widget: Gtk.Widget, allocation: Gdk.Rectangle) -> None:
        if (allocation.width, allocation.height) != self._size:  # a new image allocates as well
            self._size = allocation.width, allocation.height
            GLib.idle_add(self._fit)  # amid an allocation nothing can be laid out

    def _fit(self) -> bool:
        self._rescale()
        self._on_resize()
        return False

    def _pressed(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if event.button == 1 and self._base is not None:
            self._dragging = self._near_line(event.x)
            self._holding = not self._dragging
            self._draw()
        return True

    def _moved(self, widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._dragging and self._base is not None:
            width = self._base.get_width()
            self._on_split(min(max((event.x - self._left(width)) / width, 0.02), 0.98))
        name = "col-resize" if self._dragging or self._near_line(event.x) else "default"
        if self.get_window():
            self.get_window().set_cursor(Gdk.Cursor.new_from_name(self.get_display(), name))
        return True

    def _released(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        self._dragging = self._holding = False
        self._draw()
        return True

    def _near_line(self, x: float) -> bool:
        if self._base is None or self._compare is None or not 0 < self._compare < 1:
            return False
        width = self._base.get_width()
        return abs(x - self._left(width) - self._compare * width) < _NEAR
