"""Named strengths to use again and to share: one JSON file each, in one folder of the user's."""

import contextlib
import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.core.files import write_aside
from anycost_client.core.translation import Translator, mark

MAX_STRENGTH = 2.0  # beyond ±2 no image is natural, and the backend refuses
_MAX_BYTES = 65_536
_MAX_FILES = 500
MAX_NAME = 100  # characters
_MAX_FILE_BYTES = 1 << 17
_FORMAT = 1


@dataclass(frozen=True)
class Preset:
    name: str
    strengths: Mapping[str, float]  # attribute → −2…2

    def to_json(self) -> str:
        return json.dumps({"anycost_preset": _FORMAT, "name": self.name, "strengths": dict(self.strengths)}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Preset":
        """Raises ClientError for anything else than a preset."""
        try:
            if len(text) > _MAX_BYTES:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(text)
            if content["anycost_preset"] != _FORMAT:
                raise ClientError("the preset was made by another version", "update the plug-in")
            strengths = {shown(name): checked(strength) for name, strength in content["strengths"].items()}
            return cls(shown(content["name"]), strengths)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise ClientError("this is not a preset", "choose a file that was saved as one") from error


def shown(name: Any, most: int = MAX_NAME) -> str:
    """Its first characters. Raises ValueError or TypeError for what can neither be shown nor sent: half a character."""
    if not isinstance(name, str):
        raise TypeError("no text")
    name.encode()
    return name[:most]


def checked(strength: Any) -> float:
    """Raises ClientError for what is no number from −2 to 2."""
    if type(strength) not in (int, float) or not math.isfinite(strength) or abs(strength) > MAX_STRENGTH:
        raise ClientError(f"a strength of {strength!a:.20} is refused", "use −2 to 2; ±1 is strong")
    return float(strength)


class PresetFiles:
    """Errors of the disk are raised as ClientError."""

    def __init__(self, folder: Path, tr: Translator) -> None:
        """folder: need not exist."""
        self.folder = folder
        self._tr = tr

    def all(self) -> list[Preset]:
        """All presets, sorted by name. Other files are skipped."""
        return sorted((preset for _, preset in self._read()), key=lambda preset: preset.name.casefold())

    def save(self, preset: Preset) -> None:
        """Replaces a preset of the same name."""
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
        """Reads a preset from any file."""
        try:
            with path.open("rb") as file:
                return Preset.from_json(file.read(_MAX_FILE_BYTES))
        except OSError as error:
            raise self._error(mark("the file cannot be read ({reason})"), error) from error

    def write(self, path: Path, preset: Preset) -> None:
        """Writes a preset to any file, whole or not at all."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, (preset.to_json() + "\n").encode())
        except OSError as error:
            raise self._error(mark("the preset cannot be saved ({reason})"), error) from error

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
