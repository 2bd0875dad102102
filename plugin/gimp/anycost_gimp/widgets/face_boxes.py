"""Frames around the faces in the preview, while the mouse is there."""

from anycost_client.edit.face_boxes import FaceBoxes
from gi.repository import GdkPixbuf

_LIGHT, _DARK, _CHOSEN = 0xFFFFFFFF, 0x000000FF, 0x3584E4FF


def draw_boxes(boxes: FaceBoxes, shown: GdkPixbuf.Pixbuf) -> None:
    """Light with a dark edge, to be seen on any picture. Their outlines are upright: pixbufs can draw no others."""
    for id, ((left, top), _, (right, bottom), _) in boxes.outlines.items():
        width = 2 if id == boxes.near else 1
        for by, thick, colour in ((1, width + 2, _DARK), (0, width, _CHOSEN if id in boxes.chosen else _LIGHT)):
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
