"""Removes private data from texts: for messages on screen and bug reports."""

import getpass
import os
import re
from pathlib import Path

_KEY = re.compile(r"(?<![^\s\"'=,:])[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}(?![^\s\"',])")
_RUN = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40,}")  # a key, and what of its alphabet is beside it
_SIGNS = re.compile(r"[+=^!*?&<>()\[\]{}@%$#]")  # that names and paths hardly have
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
    return _IDS.sub("…", _without_keys(text))


def _without_keys(text: str) -> str:
    """Removes CURVE keys in Z85, also beside brackets and punctuation, which belong to that alphabet themselves."""
    return _RUN.sub(lambda run: "…" if len(_SIGNS.findall(run[0])) > 1 else run[0], _KEY.sub("…", text))
