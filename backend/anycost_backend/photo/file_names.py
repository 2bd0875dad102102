"""Extensions of photo files. Loads nothing that reads them."""

from pathlib import Path
from typing import Literal

Format = Literal["jpeg", "png", "webp", "tiff"]

NAMES: dict[Format, str] = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "tiff": "TIFF"}  # for people

EXTENSIONS: dict[str, Format] = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
}
ENDINGS: dict[str, str] = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif"}  # of new files


def text_of(path: Path) -> str:
    """A file's name as text that any file can hold: bytes that are no UTF-8 as \\xe9."""
    return printable(path.name)


def printable(text: str) -> str:
    """The same for text that holds a name."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
