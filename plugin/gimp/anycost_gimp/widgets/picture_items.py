"""Entries of a menu that are small pictures of the chosen face with a name below."""

from collections.abc import Callable, Iterable

from anycost_client.edit.presets import Preset
from anycost_client.protocol.messages import Picture
from gi.repository import GdkPixbuf, Gtk, Pango

from anycost_gimp.image.pixbufs import pixbuf

COLUMNS = 4
_SIDE = 72  # pixels
_CHARACTERS = 14
_WAITING = 0x80808060  # in the place of a picture that is still to come


class PictureItems:
    def __init__(self, picture: Callable[[Preset], Picture | None], chosen: Callable[[Preset], None]) -> None:
        """picture: RGB 8; None where it is still to come."""
        self.images: dict[str, Gtk.Image] = {}  # by the presets' names
        self._picture, self._chosen = picture, chosen
        self._presets: list[Preset] = []

    def attach(self, menu: Gtk.Menu, presets: Iterable[Preset], now: str = "") -> None:
        """To an empty menu. now: name of the one that is seen."""
        self._presets, self.images = list(presets), {}
        for count, preset in enumerate(self._presets):
            row, column = divmod(count, COLUMNS)
            menu.attach(self._item(preset, preset.name == now), column, column + 1, row, row + 1)
        self.show()

    def show(self) -> None:
        """The pictures, as far as they have come."""
        for preset in self._presets:
            picture = self._picture(preset)
            if picture is not None:
                small = pixbuf(picture).scale_simple(_SIDE, _SIDE, GdkPixbuf.InterpType.BILINEAR)
                self.images[preset.name].set_from_pixbuf(small)

    def _item(self, preset: Preset, now: bool) -> Gtk.MenuItem:
        shown, box = Gtk.MenuItem(), Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        waiting = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, _SIDE, _SIDE)
        waiting.fill(_WAITING)
        image = self.images[preset.name] = Gtk.Image.new_from_pixbuf(waiting)
        label = Gtk.Label(label=preset.name, ellipsize=Pango.EllipsizeMode.END, max_width_chars=_CHARACTERS)
        if now:
            label.set_attributes(_bold())
        for part in (image, label):
            box.pack_start(part, False, False, 0)
        shown.add(box)
        shown.set_tooltip_text(preset.name)
        shown.get_accessible().set_name(preset.name)
        shown.connect("activate", lambda _: self._chosen(preset))
        return shown


def _bold() -> Pango.AttrList:
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_weight_new(Pango.Weight.BOLD))
    return attributes
