"""Removes personal data and keys from a text, so that it can be published in a report."""

import getpass
import os
import re
from pathlib import Path

_KEY = re.compile(r"(?<![^\s\"'=,:])[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}(?![^\s\"',])")
_RUN = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40,}")  # a key, and what of its alphabet is beside it
_SIGNS = re.compile(r"[+=^!*?&<>()\[\]{}@%$#]")  # that names and paths hardly have
_IDS = re.compile(r"\b[0-9a-f]{24,}\b")
_START = r"(?<![\w~.…/\\])(?:[A-Za-z]:[\\/]|/(?!/)|~/|~\\)"
_PICTURES = r"(?:png|jpe?g|tiff?|webp|kra|xcf|psd|ora|exr|gif|bmp|heic|avif|anycost)"
# In quotes to the closing one; without them a name with spaces goes to its picture's ending.
_PATH = re.compile(
    rf"(?<=\"){_START}[^\"\n]*(?=\")|(?<='){_START}[^'\n]*(?=')"
    rf"|{_START}[^\s\"'<>|:;,]*(?:(?: [^\s\"'<>|:;,]+){{1,8}}?\.{_PICTURES}\b)?",
    re.IGNORECASE,
)
_PROGRAM_FILES = (".py", ".so", ".dll", ".dylib", ".pyd")


def without_home(text: str, home: Path | None = None) -> str:
    """Replaces the home folder by "~" and the user's name by "USER". `home`: a second home folder."""
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
    """As without_home; also removes keys, ids and all paths. Only the names of program files (.py, .so …) stay."""
    return _IDS.sub("…", _without_keys(_PATH.sub(_short, without_home(text, home))))


def _without_keys(text: str) -> str:
    """Removes CURVE keys in Z85, also beside brackets and punctuation, which belong to that alphabet themselves."""
    return _RUN.sub(lambda run: "…" if len(_SIGNS.findall(run[0])) > 1 else run[0], _KEY.sub("…", text))


def _short(found: "re.Match[str]") -> str:
    name = re.split(r"[\\/]", found[0])[-1]
    return f"…/{name}" if name.endswith(_PROGRAM_FILES) else "…"
