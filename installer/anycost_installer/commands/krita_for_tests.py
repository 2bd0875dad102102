"""Installs Debian's Krita for the tests that run in it, where the installer runs as root."""

import os
import shutil
from pathlib import Path

from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import run_logged

NEEDED = ("krita", "kritarunner", "Xvfb", "xdotool")
PACKAGES = ("krita", "python3-pyqt5", "xvfb", "xauth", "xdotool", "x11-utils")


def provide(root: Path, progress: Progress) -> None:
    """Prints a reason when it cannot; the tests are then skipped."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if not missing:
        return
    if not Path("/etc/debian_version").exists() or not hasattr(os, "geteuid") or os.geteuid() != 0:
        progress.say(f"{', '.join(missing)} not found: the tests in Krita are skipped.")
        return
    with progress.step("Installing Krita for the tests"):
        for command in (
            ["apt-get", "update"],
            ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", *PACKAGES],
        ):
            code, lines = run_logged(command, root)
            if code:
                said = next((line for line in reversed(lines) if line), f"exit {code}")
                progress.say(f"'{' '.join(command[:3])} …' failed ({said}): the tests in Krita are skipped.")
                return
