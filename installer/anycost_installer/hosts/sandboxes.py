"""Flatpak and Snap: the editors' files, and whether the backend runs in their sandbox."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from anycost_installer.core.machine import Machine
from anycost_installer.hosts.host import Host
from anycost_installer.hosts.versions import python_in

TIMEOUT_SECONDS = 60  # for a sandbox to start
_IMPORT_BACKEND = ("-I", "-c", "import anycost_backend, numpy, zmq")

Run = Callable[[list[str]], int]  # exit code


def sandbox_obstacle(program: str, package: str) -> str:
    """The obstacle of a host whose sandbox cannot run the backend. `package`: such as "this Flatpak"."""
    where = {"Krita": "krita.org", "GIMP": "gimp.org"}[program]
    return (
        f"use {program}'s AppImage ({where}) or your distribution's package, because {package} cannot run the backend"
    )


def flatpaks(machine: Machine, app: str) -> Iterator[Path]:
    """The folders of the installed app: the user's first, then the system's."""
    share = machine.data_home
    for base in (share / "flatpak", machine.system_path("var", "lib", "flatpak")):
        active = base / "app" / app / "current" / "active"
        if active.is_dir():
            yield active


def python_of_flatpak(active: Path) -> str:
    """The version of the app's own Python, else of its runtime's; "" when unknown."""
    if own := python_in([active / "files" / "lib"]):
        return own
    try:
        found = re.search(r"^runtime=([\w./-]+)$", (active / "metadata").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return ""
    base = active.parents[3]  # of <base>/app/<id>/current/active
    return python_in([base / "runtime" / found[1] / "active" / "files" / "lib"]) if found else ""


def snap(machine: Machine, name: str) -> Path | None:
    """The folder of an installed Snap."""
    folder = machine.system_path("snap", name, "current")
    return folder if folder.is_dir() else None


def check_sandbox(host: Host, python: Path, run: Run | None = None) -> Host:
    """The host, with an obstacle when the backend's `python` does not run in its sandbox.

    `run`: runs a command and returns its exit code."""
    if not host.sandbox or host.obstacle:
        return host
    command = [part.replace("{python}", str(python)) for part in host.sandbox] + list(_IMPORT_BACKEND)
    return (
        host
        if (run or _run)(command) == 0
        else replace(host, obstacle=sandbox_obstacle(host.program, f"this {host.kind}"))
    )


def _run(command: list[str]) -> int:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 127
    return done.returncode
