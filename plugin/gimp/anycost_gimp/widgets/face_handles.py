"""Points of the face over the preview: they show while the mouse is there, and can be dragged."""

from collections.abc import Mapping

from anycost_client.edit.handles import HANDLE_LABELS
from gi.repository import GdkPixbuf

from anycost_gimp.image.text import tr

_NEAR = 10  # pixels around a point in which it can be taken
_CROWDED = 60  # pixels: where all points lie within so few, none is shown
_LIGHT, _DARK, _TAKEN = 0xFFFFFFFF, 0x000000FF, 0x3584E4FF

Spot = tuple[float, float]  # pixels of the shown picture


class FaceHandles:
    def __init__(self) -> None:
        self._spots: dict[str, Spot] = {}
        self.near = ""  # the point that the mouse is at; "": none

    def show(self, spots: Mapping[str, Spot]) -> None:
        xs = [x for x, _ in spots.values()]
        self._spots = dict(spots) if xs and max(xs) - min(xs) >= _CROWDED else {}
        if self.near not in self._spots:
            self.near = ""

    def look(self, x: float, y: float) -> bool:
        """Finds the point at the mouse. Whether it is another one than before."""
        far = {name: abs(spot[0] - x) + abs(spot[1] - y) for name, spot in self._spots.items()}
        nearest = min(far, key=far.__getitem__, default="")
        before, self.near = self.near, nearest if far.get(nearest, _NEAR) < _NEAR else ""
        return self.near != before

    @property
    def tip(self) -> str:
        return tr(HANDLE_LABELS[self.near]) if self.near in HANDLE_LABELS else ""

    def draw(self, shown: GdkPixbuf.Pixbuf) -> None:
        """Light with a dark edge, to be seen on skin of any tone."""
        for name, (x, y) in self._spots.items():
            near = name == self.near
            for radius, colour in ((5, _DARK), (4, _TAKEN)) if near else ((4, _DARK), (3, _LIGHT)):
                _disc(shown, round(x), round(y), radius, colour)


def _disc(shown: GdkPixbuf.Pixbuf, x: int, y: int, radius: int, colour: int) -> None:
    """Row by row: pixbufs are all there is to draw with."""
    for row in range(max(y - radius, 0), min(y + radius + 1, shown.get_height())):
        half = round((radius * radius - (row - y) ** 2) ** 0.5)
        left, right = max(x - half, 0), min(x + half + 1, shown.get_width())
        if right > left:
            shown.new_subpixbuf(left, row, right - left, 1).fill(colour)
