"""Which photos of a folder a batch edits, and what the edited ones are called."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from anycost_models.core.errors import AnycostError

from anycost_backend.photo.file_names import ENDINGS, EXTENSIONS


@dataclass(frozen=True)
class PlannedPhoto:
    source: Path
    output: Path


def plan(folder: Path, output: Path, format: str | None = None) -> list[PlannedPhoto]:
    """By the photos' names. format: of all edited photos, one of `ENDINGS`; None: each keeps its own.

    Photos are told by their extension; folders in the folder are left alone. Where two photos would become one file
    (a.jpg and a.png as TIFF), each keeps its whole name (a.jpg.tif, a.png.tif).
    Raises AnycostError when the folder cannot be read or holds no photos, and when it is the output as well."""
    try:
        if not folder.is_dir():
            raise AnycostError(
                f"{folder} is {('no folder' if folder.exists() else 'missing')}", "name a folder of photos"
            )
        photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and is_photo(path))
        if output.exists() and output.samefile(folder):
            raise AnycostError(
                f"the edited photos would lie among the photos of {folder}", "name another output folder"
            )
    except OSError as error:
        raise AnycostError(f"cannot read {folder}: {error.strerror}", "check its permissions") from error
    if not photos:
        raise AnycostError(f"{folder} holds no photos ({', '.join(EXTENSIONS)})", "name another folder")
    names = [_name(photo, format) for photo in photos]
    twice = _twice(names)
    names = [
        photo.name + ENDINGS[format] if format and name.casefold() in twice else name
        for photo, name in zip(photos, names, strict=True)
    ]
    if twice := _twice(names):
        raise AnycostError(f"several photos would be written as {min(twice)}", "rename one of them")
    return [PlannedPhoto(photo, output / name) for photo, name in zip(photos, names, strict=True)]


def is_photo(path: Path) -> bool:
    """By its name alone: also one that cannot be read, which is worth a word."""
    return not path.name.startswith(".") and not path.is_dir()


def _name(photo: Path, format: str | None) -> str:
    if format is None or EXTENSIONS[photo.suffix.lower()] == format:
        return photo.name
    return photo.stem + ENDINGS[format]


def _twice(names: list[str]) -> set[str]:
    """Also those that differ in case alone, which are one file on Windows and macOS."""
    return {name for name, count in Counter(name.casefold() for name in names).items() if count > 1}
