"""Fetches, lists and verifies the model files with the backend's `anycost models`."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import run_captured, run_inherited, stdout_of

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


def fetch_models(
    python: Path,
    root: Path,
    progress: Progress,
    variables: Mapping[str, str] = MappingProxyType({}),
    bundle: Path | None = None,
) -> None:
    """Fetches and verifies the model files; `anycost` shows its own progress.

    `variables`: added to the child's environment. `bundle`: an unpacked one, the source instead of the network.
    Raises InstallError."""
    command: list[str | Path] = [python, "-m", "anycost_backend", "models", "fetch"]
    if bundle:
        command += ["--from", bundle / "models"]
    with progress.step("Taking the models from the bundle" if bundle else "Fetching the models", own_output=True):
        code = run_inherited(command, root, variables)
        if code:
            raise InstallError(
                "fetching the models failed (see the message above)", "fix that, then run the same command again"
            )


def model_sources(python: Path, root: Path) -> list[Path]:
    """The downloaded files from which the needed models are made, where present. Raises InstallError."""
    code, answer = stdout_of([python, "-m", "anycost_backend", "models", "list", "--json"], root)
    try:
        rows = [row for row in json.loads(answer) if row.get("needed") and row.get("state") == "ok"]
        return [Path(row["source"]) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InstallError(
            f"the backend did not list its models (exit {code})",
            "get the checkout again (git pull), then run the same command again",
        ) from error


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
