"""The user's presets: one JSON file each, in one folder, to be copied, shared and deleted by hand as well."""

import os
import re
from pathlib import Path

from anycost_client.errors import ClientError
from anycost_client.presets import Preset

from .text import tr

_MOST = 500  # presets that are listed


class PresetsStore:
    """Every method raises ClientError, with one line for people, for what the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Preset]:
        """By name. Files that are no presets are left out."""
        presets = []
        for path in sorted(self.folder.glob("*.json"))[:_MOST] if self.folder.is_dir() else []:
            try:
                presets.append(load(path))
            except ClientError:
                continue
        return sorted(presets, key=lambda preset: preset.name.lower())

    def save(self, preset: Preset) -> None:
        """Replaces the one of that name."""
        write(self._path(preset.name), preset)

    def delete(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise ClientError(tr("The preset cannot be deleted: {reason}", reason=error.strerror)) from error

    def _path(self, name: str) -> Path:
        for path in self.folder.glob("*.json") if self.folder.is_dir() else []:
            try:
                if load(path).name == name:
                    return path
            except ClientError:
                continue
        base = re.sub(r"[^\w-]+", "-", name.strip().lower()).strip("-")[:60] or "preset"
        path, number = self.folder / f"{base}.json", 2
        while path.exists():
            path, number = self.folder / f"{base}-{number}.json", number + 1
        return path


def load(path: Path) -> Preset:
    """Raises ClientError for a file that cannot be read or is no preset."""
    try:
        with open(path, "rb") as file:
            return Preset.from_json(file.read(1 << 17))
    except OSError as error:
        raise ClientError(tr("The file cannot be read: {reason}", reason=error.strerror)) from error


def write(path: Path, preset: Preset) -> None:
    """All of it or nothing. Raises ClientError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(preset.to_json() + "\n", encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ClientError(tr("The preset cannot be saved: {reason}", reason=error.strerror)) from error
