"""`test`: sets up what the tests need, then runs every check and pytest."""

import os
from collections.abc import Sequence
from pathlib import Path

from anycost_installer.backend.fetch_models import fetch_models
from anycost_installer.commands import krita_for_tests
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import run_inherited, run_logged
from anycost_installer.environment.venv import prepare_venv

CHECKS = (
    ("ruff format --check .", "layout"),
    ("ruff check .", "lint"),
    ("mypy", "types"),
    ("lint-imports", "who imports whom"),
)

# Folders of the packages: plug-ins and installer are not installed in the environment.
SOURCES = ("models", "backend", "plugin", "plugin/krita", "plugin/gimp", "installer")


def run(root: Path, torch: str | None, progress: Progress, pytest_arguments: Sequence[str] = ()) -> int:
    """Returns the exit code of the first check that failed, or 0. Raises InstallError when the set-up fails."""
    python = prepare_venv(root, "test", torch, progress)
    fetch_models(python, root, progress)
    if "host" in pytest_arguments:  # as in '-m host'
        krita_for_tests.provide(root, progress)
    failed = {}
    for command, title in CHECKS:
        with progress.step(f"Checking {title} ({command})"):
            program, *words = command.split()
            variables = {"PYTHONPATH": os.pathsep.join(SOURCES)}
            code, lines = run_logged([python.parent / program, *words], root, variables=variables)
        if code:
            failed[command] = code
            progress.say("\n".join([*lines, f"FAILED: {command}"]))
    progress.say(f"Set-up and checks took {sum(progress.seconds.values()):.1f} s; now the tests.")
    code = run_inherited([python, "-m", "pytest", *pytest_arguments], root)
    if code:
        failed["pytest"] = code
    if failed:
        progress.say(f"FAILED: {', '.join(failed)} (details above)")
    return next(iter(failed.values()), 0)
