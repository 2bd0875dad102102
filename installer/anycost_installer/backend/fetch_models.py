"""Has the `anycost` command fetch and verify the model files; it shows its own progress."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import answered, shown


def fetch(
    python: Path,
    root: Path,
    progress: Progress,
    variables: Mapping[str, str] = MappingProxyType({}),
    bundle: Path | None = None,
) -> None:
    """`variables`: more for the child's environment, such as where the user's data folder is; `bundle`: an unpacked
    one, that the files are taken from in place of the network. Raises InstallError."""
    command: list[str | Path] = [python, "-m", "anycost_backend", "models", "fetch"]
    if bundle:
        command += ["--from", bundle / "models"]
    with progress.step("Taking the models from the bundle" if bundle else "Fetching the models", speaks=True):
        code = shown(command, root, variables)
        if code:
            raise InstallError(
                "fetching the models failed (see the message above)", "fix that, then run the same command again"
            )


def paths(python: Path, root: Path) -> list[Path]:
    """The files as they came from others, of all that is needed and there. Raises InstallError."""
    code, answer = answered([python, "-m", "anycost_backend", "models", "list", "--json"], root)
    try:
        rows = [row for row in json.loads(answer) if row.get("needed") and row.get("state") == "ok"]
        return [Path(row["source"]) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InstallError(
            f"the backend did not list its models (exit {code})",
            "get the checkout anew (git pull), then run the same command again",
        ) from error
