"""The Python of the running backend: its environment must not be removed."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONNECTION = "connection.json"  # written by the backend


def running_backend_python(run: Path) -> Path | None:
    """`run`: the folder of the connection file. None when no backend runs or its Python is unknown."""
    try:
        pid = int(json.loads((run / CONNECTION).read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    words = _command_of(pid)
    return Path(words[0]) if words and "anycost_backend" in " ".join(words) else None


def _command_of(pid: int) -> list[str]:
    """The arguments of a process; empty when it does not run."""
    if sys.platform == "win32":  # Windows does not remove files in use anyway
        return []
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return [os.fsdecode(word) for word in words if word]
    except OSError:
        pass
    if sys.platform == "darwin":
        done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
        before, found, rest = done.stdout.strip().partition(" -")  # a path may contain spaces
        return [before, found + rest] if before else []
    return []
