"""Other processes on this machine: whether they run, their names, their command lines."""

import csv
import os
import sys
from pathlib import Path

from anycost_installer.core.subprocesses import output_of


def is_running(pid: int) -> bool:
    """Whether a process exists. True on Windows, where this cannot be tested without ending it."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True


def process_names(platform: str = sys.platform, processes: Path = Path("/proc")) -> list[str]:
    """The names of this user's processes, in lower case; empty when they cannot be listed."""
    if platform == "win32":
        lines = output_of(["tasklist", "/fo", "csv", "/nh"]).splitlines()
        return [row[0].lower() for row in csv.reader(lines) if row]
    if platform == "darwin":
        return [line.strip().lower() for line in output_of(["ps", "-x", "-c", "-o", "comm="]).splitlines()]
    names = []
    for folder in processes.glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                names.append((folder / "comm").read_text(encoding="utf-8", errors="replace").strip().lower())
        except OSError:  # it has ended
            continue
    return names


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty when it does not run, and on Windows."""
    if sys.platform == "win32":
        return []
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return [os.fsdecode(word) for word in words if word]
    except OSError:
        pass
    if sys.platform == "darwin":
        before, found, rest = output_of(["ps", "-o", "command=", "-p", str(pid)]).strip().partition(" -")
        return [before, found + rest] if before else []  # the program's path may contain spaces
    return []
