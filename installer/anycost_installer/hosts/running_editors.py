"""Finds the editors that this user has open: they load a new plug-in only after a restart."""

import csv
import os
import subprocess
import sys
from pathlib import Path

TIMEOUT_SECONDS = 10


def running_editors(platform: str = sys.platform, processes: Path = Path("/proc")) -> list[str]:
    """Programs, such as ["Krita"]; empty when processes cannot be listed."""
    names = _names(platform, processes)
    found = {"Krita" for name in names if name.removesuffix(".exe") == "krita"}
    found |= {"GIMP" for name in names if name.removesuffix(".exe").split("-")[0] == "gimp"}
    return sorted(found)


def _names(platform: str, processes: Path) -> list[str]:
    """The names of this user's processes, in lower case."""
    if platform == "win32":
        return [row[0].lower() for row in csv.reader(_output_lines(["tasklist", "/fo", "csv", "/nh"])) if row]
    if platform == "darwin":
        return [line.strip().lower() for line in _output_lines(["ps", "-x", "-c", "-o", "comm="])]
    names = []
    for folder in processes.glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                names.append((folder / "comm").read_text(encoding="utf-8", errors="replace").strip().lower())
        except OSError:  # it has ended
            continue
    return names


def _output_lines(command: list[str]) -> list[str]:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return []
    return done.stdout.splitlines()
