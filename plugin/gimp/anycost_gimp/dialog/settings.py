"""What an artist chose once for all images: texts by name, in one small file."""

import contextlib
import json
from pathlib import Path

from anycost_client.core.files import write_aside

_MAX_BYTES = 131_072


class Settings:
    def __init__(self, path: Path) -> None:
        """path: need not exist. What cannot be read is forgotten."""
        self._path = path
        self._texts = self._read()

    def get(self, name: str, default: str) -> str:
        return self._texts.get(name, default)

    def keep(self, name: str, text: str) -> None:
        """A disk that refuses is no reason to trouble anybody. What another image's dialog kept meanwhile stays."""
        self._texts = {**self._texts, **self._read(), name: text}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(self._path, json.dumps(self._texts).encode())

    def _read(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError, RecursionError), self._path.open("rb") as file:
            content = json.loads(file.read(_MAX_BYTES))
            if isinstance(content, dict):
                return {name: text for name, text in content.items() if isinstance(text, str)}
        return {}
