"""Starts child processes from inside an editor: with the right interpreter and a clean environment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anycost_client.core.errors import BackendError
from anycost_client.core.paths import data_dir

# Editors point these at libraries and plug-ins of their own, which would be loaded into our process instead of ours.
_THEIRS = (
    "PYTHON",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_",
    "QT_",
    "QML",
    "GTK_",
    "GDK_",
    "GI_",
    "GIO_",
    "GIMP",
    "GEGL_",
    "BABL_",
    "KRITA",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.upper().startswith(_THEIRS)}


def child_options() -> dict[str, Any]:
    """For subprocess.Popen: own environment, own process group (Ctrl-C in the editor's terminal is not for us)."""
    options: dict[str, Any] = {"env": clean_environment(os.environ), "cwd": str(Path.home()), "close_fds": True}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    else:
        options["start_new_session"] = True
    return options


def backend_python() -> Path:
    """The interpreter of the backend's environment, never the host's own: in an editor sys.executable may be anything.

    `ANYCOST_PYTHON`, else what the installer left in backend.json. Raises BackendError when there is none."""
    if named := os.environ.get("ANYCOST_PYTHON"):
        return _runnable(Path(named), "correct the variable ANYCOST_PYTHON")
    note = data_dir() / "backend.json"
    try:
        with open(note, "rb") as file:
            python = json.loads(file.read(65_536))["python"]
        if not isinstance(python, str) or not python:
            raise ValueError(python)
        path = _path(python)
    except FileNotFoundError:
        raise BackendError(
            "the backend of the Anycost Face Editor is not installed",
            "run 'python3 installer install' in its folder, then try again",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BackendError(f"{note} is damaged", "run 'python3 installer install' again") from error
    return _runnable(path, "run 'python3 installer install' again")


def _path(text: str) -> Path:
    """Of a UTF-8 file. The system's names are UTF-8 as well, but an editor may have its Python take them for something
    else (Krita does): then they are written in that, also here. Raises ValueError for half a character."""
    return Path(text if sys.platform == "win32" else os.fsdecode(text.encode(errors="surrogateescape")))


def _runnable(python: Path, remedy: str) -> Path:
    if not python.is_absolute() or not python.is_file() or not os.access(python, os.X_OK):
        raise BackendError(f"the backend's Python {python} is not there or cannot be run", remedy)
    return python
