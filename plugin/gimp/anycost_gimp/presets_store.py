"""The user's presets: a JSON file each in one folder, to be copied, shared and deleted by hand as well."""

import contextlib
import os
import re
import uuid
from pathlib import Path

from anycost_client.errors import ClientError
from anycost_client.places import data_dir
from anycost_client.presets import Preset

from anycost_gimp.text import tr

_MOST_FILES = 500
_MOST_BYTES = 1 << 17


class PresetsStore:
    """`folder` need not exist. What the disk refuses is a ClientError, one line for people."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_dir() / "presets"

    def all(self) -> list[Preset]:
        """By name; other files are left out."""
        return sorted((preset for _, preset in self._read()), key=lambda preset: preset.name.casefold())

    def save(self, preset: Preset) -> None:
        """Replaces the one of that name."""
        same = [path for path, other in self._read() if other.name == preset.name]
        stem = re.sub(r"[^\w-]+", "-", preset.name.lower()).strip("-")[:60] or "preset"
        path = same[0] if same else self.folder / f"{stem}.json"
        if not same and path.exists():
            path = path.with_name(f"{stem}-{uuid.uuid4().hex[:6]}.json")
        write(path, preset)

    def delete(self, name: str) -> None:
        for path, preset in self._read():
            if preset.name == name:
                try:
                    path.unlink()
                except OSError as error:
                    raise ClientError(tr("the preset cannot be deleted: {why}", why=str(error.strerror))) from error

    def _read(self) -> list[tuple[Path, Preset]]:
        found = []
        for path in sorted(self.folder.glob("*.json"))[:_MOST_FILES] if self.folder.is_dir() else []:
            with contextlib.suppress(ClientError):
                found.append((path, load(path)))
        return found


def load(path: Path) -> Preset:
    """Raises ClientError."""
    try:
        with path.open("rb") as file:
            return Preset.from_json(file.read(_MOST_BYTES))
    except OSError as error:
        raise ClientError(tr("the file cannot be read: {why}", why=str(error.strerror))) from error


def write(path: Path, preset: Preset) -> None:
    """Whole or not at all. Raises ClientError."""
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(preset.to_json() + "\n", encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise ClientError(tr("the preset cannot be saved: {why}", why=str(error.strerror))) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
