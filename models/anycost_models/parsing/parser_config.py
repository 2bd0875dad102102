"""The shape of the parser for photographs, as plain values: without torch. `network.py` says what it is."""

from dataclasses import dataclass

from anycost_models.core.errors import AnycostError
from anycost_models.parsing.parts import PARTS

FAMILY = "face-parser"  # what its files say they are
STRIDES = (32, 16, 8, 4, 2)  # pixels, in the order of the way up


@dataclass(frozen=True)
class ParserConfig:
    """Raises AnycostError for numbers that make no parser, or parts that this program does not know."""

    resolution: int = 256  # of the face, pixels
    widths: tuple[int, ...] = (128, 96, 64, 48, 32)  # channels on the way up, by STRIDES
    parts: tuple[str, ...] = PARTS

    def __post_init__(self) -> None:
        numbers = (*self.widths, self.resolution)
        if len(self.widths) != len(STRIDES) or any(type(n) is not int or not 0 < n <= 4096 for n in numbers):
            raise AnycostError(f"no parser has the sizes {self}", "correct the configuration")
        if self.resolution % max(STRIDES) or self.parts != PARTS:
            raise AnycostError(f"this program cannot parse faces as {self} says", "install the package again")
