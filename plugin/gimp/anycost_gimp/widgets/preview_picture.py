"""The preview in the dialog: the region with the change over it, before and after, with a line to drag, points of
the face, and frames around faces to choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anycost_client.edit.face_boxes import FaceBoxes, Outline
from anycost_client.protocol.messages import Rectangle
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from anycost_gimp.image.text import tr
from anycost_gimp.widgets.face_boxes import draw_boxes
from anycost_gimp.widgets.face_handles import FaceHandles

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


@dataclass(frozen=True)
class PictureCallbacks:
    split: Callable[[float], None]  # the line is at this share of the width, 0…1
    resized: Callable[[], None]
    handles_wanted: Callable[[], None]  # the mouse comes
    handle_taken: Callable[[str], None]
    face_clicked: Callable[[int, bool], None]  # id; whether it is one of several
    handle_dragged: Callable[[tuple[float, float], bool], None]  # pixels of the region since; whether the drag ends


class PreviewPicture(Gtk.Layout):
    """Drawn with pixbufs alone: not every GIMP has cairo for Python."""

    def __init__(self, callbacks: PictureCallbacks) -> None:
        super().__init__()
        self._callbacks = callbacks
        self._boxes = FaceBoxes()
        self._faces: Mapping[int, Part] = {}  # in pixels of the region
        self._chosen: tuple[int, ...] = ()
        self._handles = FaceHandles()
        self._places: Mapping[str, tuple[float, float]] = {}  # of the handles, in pixels of the region
        self._taken: tuple[float, float] | None = None  # where a handle was taken, pixels of the widget
        self._inside = False  # the mouse is
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
        crossing = mask.ENTER_NOTIFY_MASK | mask.LEAVE_NOTIFY_MASK
        self.add_events(mask.BUTTON_PRESS_MASK | mask.BUTTON_RELEASE_MASK | mask.POINTER_MOTION_MASK | crossing)
        self.connect("size-allocate", self._resized)
        self.connect("button-press-event", self._pressed)
        self.connect("motion-notify-event", self._moved)
        self.connect("button-release-event", self._released)
        self.connect("enter-notify-event", self._entered)
        self.connect("leave-notify-event", self._left_it)

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

    def show_handles(self, places: Mapping[str, tuple[float, float]]) -> None:
        """Name → point, in pixels of the region."""
        self._places = places
        self._draw()

    def show_boxes(self, faces: Mapping[int, Part], chosen: tuple[int, ...]) -> None:
        """Id → frame of a face that a click chooses, in pixels of the region."""
        self._faces, self._chosen = faces, chosen
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

    def _top(self, height: int) -> int:
        return (self.get_allocated_height() - height) // 2

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
        part, (_, _, scale) = self._shown(), self._target()
        spots = {name: ((x - part.x) * scale, (y - part.y) * scale) for name, (x, y) in self._places.items()}
        inside = {
            name: (x, y) for name, (x, y) in spots.items() if 0 <= x < shown.get_width() and 0 <= y < shown.get_height()
        }
        self._handles.show(inside)
        self._boxes.show({id: _outline(face, part, scale) for id, face in self._faces.items()}, self._chosen)
        if self._inside and not self._holding and self._taken is None:
            draw_boxes(self._boxes, shown)
        if at != 0 and (self._inside or self._taken is not None):
            self._handles.draw(shown)
        self._image.set_from_pixbuf(shown)
        self.move(self._image, self._left(shown.get_width()), self._top(shown.get_height()))

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
        self._callbacks.resized()
        return False

    def _entered(self, widget: Gtk.Widget, event: Gdk.EventCrossing) -> bool:
        self._inside = True
        self._callbacks.handles_wanted()
        self._draw()
        return False

    def _left_it(self, widget: Gtk.Widget, event: Gdk.EventCrossing) -> bool:
        self._inside = False
        self._draw()
        return False

    def _look(self, x: float, y: float) -> bool:
        base = self._base
        if base is None:
            return False
        x, y = x - self._left(base.get_width()), y - self._top(base.get_height())
        looked = self._handles.look(x, y), self._boxes.look(x, y)
        return any(looked)

    def _pressed(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if event.button == 1 and self._base is not None:
            self._look(event.x, event.y)
            self._dragging = self._near_line(event.x)
            if not self._dragging and self._handles.near:
                self._taken = (event.x, event.y)
                self._callbacks.handle_taken(self._handles.near)
            several = bool(event.state & Gdk.ModifierType.CONTROL_MASK)
            free = not self._dragging and self._taken is None
            if free and self._boxes.near is not None and (several or self._boxes.takes_click):
                self._callbacks.face_clicked(self._boxes.near, several)
            else:
                self._holding = free
            self._draw()
        return True

    def _moved(self, widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._dragging and self._base is not None:
            width = self._base.get_width()
            self._callbacks.split(min(max((event.x - self._left(width)) / width, 0.02), 0.98))
        elif self._taken is not None:
            self._drag_handle(event, done=False)
        elif self._look(event.x, event.y):
            self.set_tooltip_text(self._handles.tip or tr(self._boxes.tip) or None)
            self._draw()
        name = "col-resize" if self._dragging or self._near_line(event.x) else "grab" if self._handles.near else ""
        name = name or ("pointer" if self._boxes.takes_click else "default")
        if self.get_window():
            self.get_window().set_cursor(Gdk.Cursor.new_from_name(self.get_display(), name))
        return True

    def _released(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if self._taken is not None:
            self._drag_handle(event, done=True)
        self._dragging = self._holding = False
        self._taken = None
        self._draw()
        return True

    def _drag_handle(self, event: Any, done: bool) -> None:
        if self._taken is not None:
            _, _, scale = self._target()
            (x, y), dragged = self._taken, self._callbacks.handle_dragged
            dragged(((event.x - x) / scale, (event.y - y) / scale), done)

    def _near_line(self, x: float) -> bool:
        if self._base is None or self._compare is None or not 0 < self._compare < 1:
            return False
        width = self._base.get_width()
        return abs(x - self._left(width) - self._compare * width) < _NEAR


def _outline(face: Part, shown: Part, scale: float) -> Outline:
    left, top = (face.x - shown.x) * scale, (face.y - shown.y) * scale
    right, bottom = left + face.width * scale, top + face.height * scale
    return (left, top), (right, top), (right, bottom), (left, bottom)
