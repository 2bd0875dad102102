"""The shape of the classifier of drawn parts, as plain values: without torch. `drawn_parts.py` says what it is."""

from dataclasses import dataclass

from anycost_models.core.errors import AnycostError
from anycost_models.parsing.parts import PARTS

FAMILY = "drawn-parts"  # what its files say they are
# Between which heights of an aligned square (0: its upper edge) they can be: features of earrings are like those of
# glasses, features of collars like those of scarves.
HEIGHTS = {"glasses": (0.3, 0.66), "head_covering": (0.0, 0.8)}
NEVER = 30.0  # taken from a logit


@dataclass(frozen=True)
class DrawnPartsConfig:
    """Raises AnycostError for numbers that make no classifier, or parts that this program does not know."""

    channels: tuple[int, int] = (512, 256)  # of the features
    sides: tuple[int, int] = (64, 128)  # of the features, pixels
    parts: tuple[str, ...] = PARTS

    def __post_init__(self) -> None:
        numbers = (*self.channels, *self.sides)
        if len(numbers) != 4 or any(type(n) is not int or not 0 < n <= 4096 for n in numbers) or self.parts != PARTS:
            raise AnycostError(f"this program cannot read parts as {self} says", "install the package again")
