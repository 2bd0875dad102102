"""Which Python a backend runs in just now, if one does: its environment must stay until it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONNECTION = "connection.json"  # as the backend writes it


def python_of_backend(run: Path) -> Path | None:
    """`run`: the folder of the connection file. None when no backend runs, or its Python cannot be told."""
    try:
        pid = int(json.loads((run / CONNECTION).read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    words = _command_of(pid)
    return Path(words[0]) if words and "anycost_backend" in " ".join(words) else None


def _command_of(pid: int) -> list[str]:
    """The words of a process's command line; empty when there is none."""
    if sys.platform == "win32":  # there files in use cannot be removed anyhow
        return []
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return [os.fsdecode(word) for word in words if word]
    except OSError:
        pass
    if sys.platform == "darwin":
        done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
        before, found, rest = done.stdout.strip().partition(" -")  # a path may hold spaces
        return [before, found + rest] if before else []
    return []
