"""Faces in a picture that a click chooses: which one the mouse is at."""

from collections.abc import Collection, Mapping, Sequence

from anycost_client.core.translation import mark

Outline = Sequence[tuple[float, float]]  # corners of a convex area, in order; pixels of the shown picture

FACE_TIP = mark("Click: this face. Ctrl+click: several")


class FaceBoxes:
    def __init__(self) -> None:
        self.outlines: dict[int, Outline] = {}
        self.chosen: frozenset[int] = frozenset()
        self.near: int | None = None  # the face that the mouse is at

    def show(self, outlines: Mapping[int, Outline], chosen: Collection[int]) -> None:
        self.outlines, self.chosen = dict(outlines), frozenset(chosen)
        if self.near not in self.outlines:
            self.near = None

    def look(self, x: float, y: float) -> bool:
        """Finds the face at the mouse: of several the smallest. Whether it is another one than before."""
        within = [id for id, outline in self.outlines.items() if _holds(outline, x, y)]
        before, self.near = self.near, min(within, key=self._width, default=None)
        return self.near != before

    @property
    def takes_click(self) -> bool:
        """Whether a click chooses another face."""
        return self.near is not None and self.near not in self.chosen

    @property
    def tip(self) -> str:
        """To be translated; "" where there is no face."""
        return FACE_TIP if self.near is not None else ""

    def _width(self, id: int) -> float:
        xs = [x for x, _ in self.outlines[id]]
        return max(xs) - min(xs)


def _holds(outline: Outline, x: float, y: float) -> bool:
    """Whether the point is on the same side of all its edges."""
    edges = zip(outline, [*outline[1:], *outline[:1]], strict=True)
    sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in edges]
    return all(side >= 0 for side in sides) or all(side <= 0 for side in sides)
