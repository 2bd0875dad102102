"""`test`: sets up what the tests need, then runs every check and pytest."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from anycost_installer.backend.models import fetch_models
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import last_line, run_inherited, run_logged
from anycost_installer.environment.venv import prepare_venv

CHECKS = (
    ("ruff format --check .", "layout"),
    ("ruff check .", "lint"),
    ("mypy", "types"),
    ("mypy benchmarks", "types of benchmarks"),
    ("lint-imports", "who imports whom"),
)

# Folders of the packages: plug-ins and installer are not installed in the environment.
SOURCES = ("models", "backend", "plugin", "plugin/krita", "plugin/gimp", "installer")


# Installed for the tests in Krita.
APT_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")
KRITA_PROGRAMS = ("krita", "kritarunner", "Xvfb", "xdotool")
KRITA_PACKAGES = ("krita", "python3-pyqt5", "xvfb", "xauth", "xdotool", "x11-utils")


def run(root: Path, torch: str | None, progress: Progress, pytest_arguments: Sequence[str] = ()) -> int:
    """Returns the exit code of the first check that failed, or 0. Raises InstallError when the set-up fails."""
    python = prepare_venv(root, "test", torch, progress)
    fetch_models(python, root, progress)
    if "host" in pytest_arguments:  # as in '-m host'
        install_krita(root, progress)
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


def install_krita(root: Path, progress: Progress) -> None:
    """Installs Debian's Krita, where this runs as root. Prints a reason when it cannot; the tests are then skipped."""
    missing = [program for program in KRITA_PROGRAMS if shutil.which(program) is None]
    if not missing:
        return
    if not Path("/etc/debian_version").exists() or not hasattr(os, "geteuid") or os.geteuid() != 0:
        progress.say(f"{', '.join(missing)} not found: the tests in Krita are skipped.")
        return
    with progress.step("Installing Krita for the tests"):
        for command in (
            ["apt-get", "update"],
            ["env", "DEBIAN_FRONTEND=noninteractive", *APT_INSTALL, *KRITA_PACKAGES],
        ):
            code, lines = run_logged(command, root)
            if code:
                failed = f"'{' '.join(command[:3])} …' failed ({last_line(lines, code)})"
                progress.say(f"{failed}: the tests in Krita are skipped.")
                return
