"""`test`: sets up what the tests need, then runs every check; pytest comes last, with its own summary."""

from collections.abc import Sequence
from pathlib import Path

import krita_for_tests
from environment import prepare
from model_files import fetch
from processes import logged, shown
from progress import Progress

CHECKS = (
    ("ruff format --check .", "layout"),
    ("ruff check .", "lint"),
    ("mypy", "types"),
    ("mypy installer", "types of the installer"),
)


def run(root: Path, torch: str | None, progress: Progress, pytest_arguments: Sequence[str] = ()) -> int:
    """Returns the exit code of the first check that failed, or 0."""
    python = prepare(root, "test", torch, progress)
    fetch(python, root, progress)
    if "host" in pytest_arguments:  # as in '-m host'; they take minutes, so that they are only run when asked for
        krita_for_tests.provide(root, progress)
    failed = {}
    for command, title in CHECKS:
        with progress.step(f"Checking {title} ({command})"):
            code, lines = logged([python, "-m", *command.split()], root)
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
