"""The user's presets: one JSON file each, in one folder, to be copied, shared and deleted by hand as well."""

import contextlib
import os
import re
import uuid
from pathlib import Path

from anycost_client.core.errors import ClientError
from anycost_client.core.translation import Translator, mark
from anycost_client.edit.presets import Preset

_MAX_FILES = 500
_MAX_BYTES = 1 << 17


class PresetFiles:
    """What the disk refuses is a ClientError, one line for people."""

    def __init__(self, folder: Path, tr: Translator) -> None:
        """folder: need not exist."""
        self.folder = folder
        self._tr = tr

    def all(self) -> list[Preset]:
        """By name. Files that are no presets are left out."""
        return sorted((preset for _, preset in self._read()), key=lambda preset: preset.name.casefold())

    def save(self, preset: Preset) -> None:
        """Replaces the one of that name."""
        same = [path for path, other in self._read() if other.name == preset.name]
        stem = re.sub(r"[^\w-]+", "-", preset.name.strip().lower()).strip("-")[:60] or "preset"
        path = same[0] if same else self.folder / f"{stem}.json"
        if not same and path.exists():
            path = path.with_name(f"{stem}-{uuid.uuid4().hex[:6]}.json")
        self.write(path, preset)

    def delete(self, name: str) -> None:
        for path, preset in self._read():
            if preset.name == name:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise self._error(mark("the preset cannot be deleted ({reason})"), error) from error

    def load(self, path: Path) -> Preset:
        """Of any file."""
        try:
            with path.open("rb") as file:
                return Preset.from_json(file.read(_MAX_BYTES))
        except OSError as error:
            raise self._error(mark("the file cannot be read ({reason})"), error) from error

    def write(self, path: Path, preset: Preset) -> None:
        """Into any file, whole or not at all."""
        aside = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(preset.to_json() + "\n", encoding="utf-8")
            os.replace(aside, path)
        except OSError as error:
            raise self._error(mark("the preset cannot be saved ({reason})"), error) from error
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()

    def _read(self) -> list[tuple[Path, Preset]]:
        found = []
        for path in sorted(self.folder.glob("*.json"))[:_MAX_FILES] if self.folder.is_dir() else []:
            with contextlib.suppress(ClientError):
                found.append((path, self.load(path)))
        return found

    def _error(self, text: str, error: OSError) -> ClientError:
        return ClientError(
            self._tr(text, reason=str(error.strerror)), self._tr(mark("check the folder and its permissions"))
        )
