"""What the backend says of its model files: which are there, and whether their hashes are right."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.paths import Places
from anycost_installer.core.subprocesses import asked

PATIENCE = 300  # seconds


@dataclass(frozen=True)
class Model:
    name: str
    state: str  # "ok", "missing", "damaged"
    size: int  # bytes
    required: bool

    @property
    def wrong(self) -> bool:
        return self.state == "damaged" or (self.state == "missing" and self.required)


def models(python: Path, places: Places) -> list[Model] | None:
    """Needed ones and those that are there; each is read and hashed. None when the backend does not answer."""
    arguments = ["-m", "anycost_backend", "models", "verify", "--json"]
    try:
        done = asked(python, arguments, places.variables(), PATIENCE)
        rows = json.loads(done.stdout)
        return [
            Model(str(row["name"]), str(row["state"]), int(row.get("size", 0)), bool(row.get("required", True)))
            for row in rows
            if "state" in row
        ]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None
