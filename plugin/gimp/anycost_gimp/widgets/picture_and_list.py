"""The picture beside the sliders where the window is wide, else above them."""

from gi.repository import Gdk, GLib, Gtk

_WIDE = 1.15  # times the height
_ROOM = 10  # pixels


class PictureAndList(Gtk.Paned):
    def __init__(self, picture: Gtk.Box, list: Gtk.Box) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL)
        self.pack1(picture, True, False)
        self.pack2(list, True, False)
        self._parts = picture, list
        self._wide: bool | None = None  # not known yet
        self.connect("size-allocate", self._resized)

    def _resized(self, widget: Gtk.Widget, allocation: Gdk.Rectangle) -> None:
        wide = allocation.width > _WIDE * allocation.height
        if wide != self._wide and allocation.width > 1:
            self._wide = wide
            GLib.idle_add(self._turn, wide, allocation.width, allocation.height)  # not amid an allocation

    def _turn(self, wide: bool, width: int, height: int) -> bool:
        picture, list = self._parts
        self.set_orientation(Gtk.Orientation.HORIZONTAL if wide else Gtk.Orientation.VERTICAL)
        self.set_position(round(0.54 * width if wide else 0.42 * height))
        picture.set_margin_end(_ROOM if wide else 0)
        list.set_margin_start(_ROOM if wide else 0)
        list.set_margin_top(0 if wide else _ROOM)
        return False
