"""What the dialog remembers from one use to the next: its place, its size, and whether it shows the image changed."""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from anycost_client.core.files import write_aside

_MOST = 1 << 15  # pixels: no screen is larger
_MAX_BYTES = 4096


@dataclass(frozen=True)
class Remembered:
    place: tuple[int, int] | None = None  # x, y on the screen; None: none yet
    size: tuple[int, int] | None = None  # width, height
    in_image: bool = True  # the preview is shown in the image as well

    @classmethod
    def load(cls, path: Path) -> "Remembered":
        """What cannot be read is forgotten."""
        try:
            with path.open("rb") as file:
                content = json.loads(file.read(_MAX_BYTES))
            return cls(_pair(content["place"]), _pair(content["size"]), bool(content["in_image"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return cls()

    def save(self, path: Path) -> None:
        """A disk that refuses is no reason to trouble anybody."""
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, json.dumps(asdict(self)).encode())


def _pair(value: object) -> tuple[int, int] | None:
    """Raises ValueError."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(n) is not int or abs(n) > _MOST for n in value):
        raise ValueError("a place or a size")
    return value[0], value[1]
