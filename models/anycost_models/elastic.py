"""SubGenerator: how much of a generator to run, as a plain value that is passed to the call."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class SubGenerator:
    """A cheaper generator inside the full one. It is never state on a module: two calls may use two of them at once.

    resolution: side of the drawn picture, pixels (one of the generator's exits)
    """

    resolution: int

    def __str__(self) -> str:
        return f"{self.resolution} px"
