"""`test`: sets up what the tests need, then runs every check; pytest comes last, with its own summary."""

import os
from collections.abc import Sequence
from pathlib import Path

from anycost_installer.backend.fetch_models import fetch
from anycost_installer.commands import krita_for_tests
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import logged, shown
from anycost_installer.environment.venv import prepare

CHECKS = (
    ("ruff format --check .", "layout"),
    ("ruff check .", "lint"),
    ("mypy", "types"),
    ("lint-imports", "who imports whom"),
)

# Where the packages lie: the plug-ins and the installer are not installed into the environment.
SOURCES = ("models", "backend", "plugin", "plugin/krita", "plugin/gimp", "installer")


def run(root: Path, torch: str | None, progress: Progress, pytest_arguments: Sequence[str] = ()) -> int:
    """Returns the exit code of the first check that failed, or 0."""
    python = prepare(root, "test", torch, progress)
    fetch(python, root, progress)
    if "host" in pytest_arguments:  # as in '-m host'; they take minutes, so that they are only run when asked for
        krita_for_tests.provide(root, progress)
    failed = {}
    for command, title in CHECKS:
        with progress.step(f"Checking {title} ({command})"):
            program, *words = command.split()
            variables = {"PYTHONPATH": os.pathsep.join(SOURCES)}
            code, lines = logged([python.parent / program, *words], root, variables=variables)
        if code:
            failed[command] = code
            progress.say("\n".join([*lines, f"FAILED: {command}"]))
    progress.say(f"Set-up and checks took {sum(progress.seconds.values()):.1f} s; now the tests.")
    code = shown([python, "-m", "pytest", *pytest_arguments], root)
    if code:
        failed["pytest"] = code
    if failed:
        progress.say(f"FAILED: {', '.join(failed)} (details above)")
    return next(iter(failed.values()), 0)
