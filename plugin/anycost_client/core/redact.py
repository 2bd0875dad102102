"""Removes private data from texts: for messages on screen and bug reports."""

import getpass
import os
import re
from pathlib import Path

_KEY = re.compile(r"(?<![^\s\"'=,:])[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}(?![^\s\"',])")
_IDS = re.compile(r"\b[0-9a-f]{24,}\b")


def redact(text: str) -> str:
    """Removes keys, session ids, the home folder and the user's name."""
    for home in {str(Path.home()), os.path.realpath(Path.home())}:
        if len(home) > 3:
            text = text.replace(home, "~")
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    if len(user) > 2 and user != "root":
        text = re.sub(rf"\b{re.escape(user)}\b", "USER", text)
    return _IDS.sub("…", _KEY.sub("…", text))
