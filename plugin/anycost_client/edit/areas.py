"""Rectangles of whole pixels: the part of a layer that is read."""

from dataclasses import dataclass

from anycost_client.core.errors import HostError
from anycost_client.core.translation import Translator, mark
from anycost_client.protocol.messages import Rectangle

MAX_PIXELS = 64_000_000  # of a region
MAX_BYTES = 512 << 20
_MARGIN = 0.6  # of the selection's longer side: how far its face's square may reach beyond it
_MIN_MARGIN = 64  # pixels


@dataclass(frozen=True)
class Area:
    """In pixels of the document or of the layer, as the host counts."""

    x: int
    y: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def pixels(self) -> int:
        return max(self.width, 0) * max(self.height, 0)

    def fits(self, pixel_bytes: int) -> bool:
        """Whether it can be sent as one region."""
        return self.pixels <= MAX_PIXELS and self.pixels * pixel_bytes <= MAX_BYTES

    def check_fits(self, pixel_bytes: int, tr: Translator) -> None:
        """Raises HostError where it does not."""
        if not self.fits(pixel_bytes):
            raise HostError(
                tr(mark("{megapixels} megapixels are too many to search"), megapixels=round(self.pixels / 1e6)),
                tr(mark("select a face with some room around it")),
                "too_large",
            )

    @property
    def rectangle(self) -> Rectangle:
        return Rectangle(self.x, self.y, self.width, self.height)

    def cut(self, other: "Area") -> "Area":
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Area(x, y, max(right - x, 0), max(bottom - y, 0))

    def moved(self, x: int, y: int) -> "Area":
        return Area(self.x + x, self.y + y, self.width, self.height)

    def grown(self) -> "Area":
        """Adds a margin, so that the aligned square of a face that fills the area fits in."""
        by = max(_MIN_MARGIN, round(_MARGIN * max(self.width, self.height)))
        return Area(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def strips(self, pixels: int) -> list["Area"]:
        """Cuts the area into strips of whole rows with at most `pixels` pixels each, from the top."""
        rows = max(1, pixels // max(self.width, 1))
        ends = range(self.y, self.y + self.height, rows)
        return [Area(self.x, y, self.width, min(rows, self.y + self.height - y)) for y in ends]
