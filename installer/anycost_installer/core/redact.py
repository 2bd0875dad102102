"""Takes out of a text what is nobody else's business, so that it can go into a report."""

import getpass
import os
import re
from pathlib import Path

_KEY = re.compile(r"(?<![^\s\"'=,:])[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}(?![^\s\"',])")
_IDS = re.compile(r"\b[0-9a-f]{24,}\b")
_PATH = re.compile(r"(?<![\w~.…/\\])(?:[A-Za-z]:[\\/]|/(?!/)|~/|~\\)[^\s\"'<>|:;,]*")
_PROGRAMS = (".py", ".so", ".dll", ".dylib", ".pyd")


def without_home(text: str, home: Path | None = None) -> str:
    """With ~ for the home folder, and without the user's name."""
    real = Path.home()
    for folder in {str(path) for path in (home or real, real, os.path.realpath(real))}:
        if len(folder) > 3:
            text = text.replace(folder, "~")
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    if len(user) > 2 and user != "root":
        text = re.sub(rf"\b{re.escape(user)}\b", "USER", text)
    return text


def redacted(text: str, home: Path | None = None) -> str:
    """Without home, user, keys, ids, and the folders of any file; names of files stay for programs' own only."""
    return _IDS.sub("…", _KEY.sub("…", _PATH.sub(_short, without_home(text, home))))


def _short(found: "re.Match[str]") -> str:
    name = re.split(r"[\\/]", found[0])[-1]
    return f"…/{name}" if name.endswith(_PROGRAMS) else "…"
