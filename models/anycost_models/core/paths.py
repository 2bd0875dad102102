"""Where models and caches live on this machine."""

import os
from pathlib import Path

import platformdirs

APP = "anycost-face-editor"


def data_dir() -> Path:
    """Fetched models. `ANYCOST_HOME` moves it (and the caches) elsewhere."""
    home = os.environ.get("ANYCOST_HOME")
    return Path(home) / "data" if home else platformdirs.user_data_path(APP, appauthor=False)


def models_dir() -> Path:
    return data_dir() / "models"


def cache_dir() -> Path:
    """What can be computed again: latents of faces, graphs."""
    home = os.environ.get("ANYCOST_HOME")
    return Path(home) / "cache" if home else platformdirs.user_cache_path(APP, appauthor=False)
