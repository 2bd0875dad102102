"""Frames around the faces in the preview, while the mouse is there: a click chooses one."""

from collections.abc import Collection, Mapping

from gi.repository import GdkPixbuf

from anycost_gimp.image.text import tr

_LIGHT, _DARK, _CHOSEN = 0xFFFFFFFF, 0x000000FF, 0x3584E4FF

Box = tuple[float, float, float, float]  # left, top, right, bottom: pixels of the shown picture


class FaceBoxes:
    def __init__(self) -> None:
        self._boxes: dict[int, Box] = {}
        self._chosen: frozenset[int] = frozenset()
        self.near: int | None = None  # the face that the mouse is at

    def show(self, boxes: Mapping[int, Box], chosen: Collection[int]) -> None:
        self._boxes, self._chosen = dict(boxes), frozenset(chosen)
        if self.near not in self._boxes:
            self.near = None

    def look(self, x: float, y: float) -> bool:
        """Finds the face at the mouse: of several the smallest. Whether it is another one than before."""
        within = {
            id: right - left
            for id, (left, top, right, bottom) in self._boxes.items()
            if left <= x < right and top <= y < bottom
        }
        before, self.near = self.near, min(within, key=within.__getitem__, default=None)
        return self.near != before

    @property
    def takes_click(self) -> bool:
        """Whether a click chooses another face."""
        return self.near is not None and self.near not in self._chosen

    @property
    def tip(self) -> str:
        return tr("Click: this face. Ctrl+click: several") if self.near is not None else ""

    def draw(self, shown: GdkPixbuf.Pixbuf) -> None:
        """Light with a dark edge, to be seen on any picture."""
        for id, (left, top, right, bottom) in self._boxes.items():
            width = 2 if id == self.near else 1
            for by, thick, colour in ((1, width + 2, _DARK), (0, width, _CHOSEN if id in self._chosen else _LIGHT)):
                x, y, end, low = round(left) - by, round(top) - by, round(right) + by, round(bottom) + by
                for side in (
                    (x, y, end, y + thick),
                    (x, low - thick, end, low),
                    (x, y, x + thick, low),
                    (end - thick, y, end, low),
                ):
                    _fill(shown, *side, colour)


def _fill(shown: GdkPixbuf.Pixbuf, left: int, top: int, right: int, bottom: int, colour: int) -> None:
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, shown.get_width()), min(bottom, shown.get_height())
    if right > left and bottom > top:
        shown.new_subpixbuf(left, top, right - left, bottom - top).fill(colour)
