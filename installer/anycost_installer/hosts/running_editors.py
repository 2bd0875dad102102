"""Which editors this user has open just now: they see what was installed only when they start anew."""

import csv
import os
import subprocess
import sys
from pathlib import Path

PATIENCE = 10  # seconds


def running(platform: str = sys.platform, processes: Path = Path("/proc")) -> list[str]:
    """ "Krita", "GIMP"; empty where that cannot be told."""
    names = _names(platform, processes)
    found = {"Krita" for name in names if name.removesuffix(".exe") == "krita"}
    found |= {"GIMP" for name in names if name.removesuffix(".exe").split("-")[0] == "gimp"}
    return sorted(found)


def _names(platform: str, processes: Path) -> list[str]:
    """Of this user's processes, in lower case."""
    if platform == "win32":
        return [row[0].lower() for row in csv.reader(_said(["tasklist", "/fo", "csv", "/nh"])) if row]
    if platform == "darwin":
        return [line.strip().lower() for line in _said(["ps", "-x", "-c", "-o", "comm="])]
    names = []
    for folder in processes.glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                names.append((folder / "comm").read_text(encoding="utf-8", errors="replace").strip().lower())
        except OSError:  # it has ended
            continue
    return names


def _said(command: list[str]) -> list[str]:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return []
    return done.stdout.splitlines()
