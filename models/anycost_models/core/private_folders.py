"""The user's own folders, closed to other users: latents of faces, logs and attributes lie in them."""

import contextlib
import os
from pathlib import Path

from anycost_models.core.paths import cache_dir, data_dir

FOLDER, FILE = 0o700, 0o600  # modes; Windows has none: there the user's profile keeps others out
_PERSONAL = ("attributes", "batches", "consistency", "graphs", "imported", "latents", "logs", "presets", "times")


def private_folder(folder: Path) -> Path:
    """`folder`, below this program's data or cache folder; made if need be. It and that one are closed to other users.

    Raises OSError when it cannot be made."""
    tops = [top for top in (data_dir(), cache_dir()) if top in folder.parents]
    for place in (*tops, folder):
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=FOLDER)
        close(place, FOLDER)
    return folder


def close_to_others() -> None:
    """Closes what earlier versions left open. Quick where nothing is: files are looked at only below open folders."""
    for top in (data_dir(), cache_dir()):
        if not close(top, FOLDER):
            continue
        for folder in (top / name for name in _PERSONAL):
            close(folder, FOLDER)
            with contextlib.suppress(OSError):
                for path in folder.iterdir():
                    if path.is_file() and not path.is_symlink():
                        close(path, FILE)


def close(path: Path, mode: int) -> bool:
    """Whether `path` was open to others, and ours to close: it has `mode` then."""
    with contextlib.suppress(OSError):
        about = path.stat()
        if os.name == "posix" and about.st_mode & 0o077 and about.st_uid == os.geteuid():
            path.chmod(mode)
            return True
    return False
