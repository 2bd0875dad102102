"""Lists the photos of a batch and the names of the edited ones."""

import os
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
    """The photos by name. format: of all edited photos, one of `ENDINGS`; None: each keeps its own.

    Photos are recognised by their extension; folders in the folder are ignored. Where two photos would become one file
    (a.jpg and a.png as TIFF), each keeps its whole name (a.jpg.tif, a.png.tif); where names differ in case
    alone, the later gets a number (a.jpg, A-2.JPG).
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
    duplicates = _duplicates(names)
    names = [
        photo.name + ENDINGS[format] if format and name.casefold() in duplicates else name
        for photo, name in zip(photos, names, strict=True)
    ]
    return [PlannedPhoto(photo, output / name) for photo, name in zip(photos, _distinct(names), strict=True)]


def is_photo(path: Path) -> bool:
    """Decides by the name alone: an unreadable photo is reported later."""
    return not path.name.startswith(".") and not path.is_dir()


def _name(photo: Path, format: str | None) -> str:
    if format is None or EXTENSIONS[photo.suffix.lower()] == format:
        return photo.name
    return photo.stem + ENDINGS[format]


def _distinct(names: list[str]) -> list[str]:
    """The names, of which those that some systems cannot tell from an earlier one get a number: A-2.JPG after a.jpg."""
    taken = {name.casefold() for name in names}
    seen, distinct = set[str](), []
    for name in names:
        stem, suffix = os.path.splitext(name)
        number = 1
        while name.casefold() in seen or (number > 1 and name.casefold() in taken):
            number += 1
            name = f"{stem}-{number}{suffix}"
        seen.add(name.casefold())
        distinct.append(name)
    return distinct


def _duplicates(names: list[str]) -> set[str]:
    """Case-folded names that occur twice: on Windows and macOS case does not distinguish files."""
    return {name for name, count in Counter(name.casefold() for name in names).items() if count > 1}
