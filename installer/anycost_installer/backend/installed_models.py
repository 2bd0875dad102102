"""The state of the model files, as the backend reports it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.paths import Paths
from anycost_installer.core.subprocesses import run_captured

TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Model:
    name: str
    state: str  # "ok", "missing", "damaged"
    size: int  # bytes
    required: bool

    @property
    def needs_repair(self) -> bool:
        """Whether it is damaged, or missing although it is required."""
        return self.state == "damaged" or (self.state == "missing" and self.required)


def verify_models(python: Path, paths: Paths) -> list[Model] | None:
    """Hashes all models that are required or present. None when the backend does not answer."""
    arguments = ["-m", "anycost_backend", "models", "verify", "--json"]
    try:
        done = run_captured(python, arguments, paths.variables(), TIMEOUT_SECONDS)
        rows = json.loads(done.stdout)
        return [
            Model(str(row["name"]), str(row["state"]), int(row.get("size", 0)), bool(row.get("required", True)))
            for row in rows
            if "state" in row
        ]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None
