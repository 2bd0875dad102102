"""Fetches and lists the model files with the `anycost` command."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import run_inherited, stdout_of


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
