"""The user's folders, the same as the backend's. Creates nothing."""

import os
import sys
from pathlib import Path

APP = "anycost-face-editor"


def data_dir() -> Path:
    """Holds backend.json, which the installer wrote. `ANYCOST_HOME` moves all folders below itself."""
    if home := os.environ.get("ANYCOST_HOME"):
        return Path(home) / "data"
    if sys.platform == "win32":
        return _local_app_data() / APP
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / APP
    return _xdg("XDG_DATA_HOME", ".local/share") / APP


def cache_dir() -> Path:
    """Holds logs; may be deleted at any time."""
    if home := os.environ.get("ANYCOST_HOME"):
        return Path(home) / "cache"
    if sys.platform == "win32":
        return _local_app_data() / APP / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / APP
    return _xdg("XDG_CACHE_HOME", ".cache") / APP


def runtime_dir() -> Path:
    """The folder of the connection file, for this user alone; the system may empty it at log-out."""
    if home := os.environ.get("ANYCOST_HOME"):
        return Path(home) / "run"
    if sys.platform not in ("win32", "darwin"):
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        if os.path.isabs(runtime):
            return Path(runtime) / APP
    return cache_dir() / "run"


def _xdg(variable: str, otherwise: str) -> Path:
    value = os.environ.get(variable, "").strip()
    return Path(value) if value else Path.home() / otherwise


def _local_app_data() -> Path:
    return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
