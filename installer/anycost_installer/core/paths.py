"""The project's folders on this machine: the same ones that plug-ins and backend use."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "anycost-face-editor"


Variables = Mapping[str, str]  # of the environment


def data_home(home: Path, variables: Variables) -> Path:
    """XDG_DATA_HOME."""
    return Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")


def config_home(home: Path, variables: Variables) -> Path:
    """XDG_CONFIG_HOME."""
    return Path(variables.get("XDG_CONFIG_HOME") or home / ".config")


def local_app_data(home: Path, variables: Variables) -> Path:
    """%LOCALAPPDATA%."""
    return Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")


def roaming_app_data(home: Path, variables: Variables) -> Path:
    """%APPDATA%."""
    return Path(variables.get("APPDATA") or home / "AppData" / "Roaming")


@dataclass(frozen=True)
class Paths:
    """The project's folders."""

    home: Path
    data: Path  # environments, models, plug-in archives, record
    cache: Path  # logs, latents; may be deleted at any time
    run: Path  # holds the connection file
    prefixed: bool = False  # `home` comes from --prefix: child processes need `variables`

    def variables(self) -> dict[str, str]:
        """Environment variables with which child processes use the same folders; empty without a prefix."""
        if not self.prefixed:
            return {}
        return {
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "XDG_DATA_HOME": str(self.data.parent),
            "XDG_CACHE_HOME": str(self.cache.parent),
            "XDG_CONFIG_HOME": str(config_home(self.home, {})),
            "XDG_RUNTIME_DIR": "",
            "LOCALAPPDATA": str(local_app_data(self.home, {})),
            "APPDATA": str(roaming_app_data(self.home, {})),
            "ANYCOST_HOME": "",
            "ANYCOST_PYTHON": "",
        }


def paths_of(
    prefix: Path | None = None,
    platform: str = sys.platform,
    home: Path | None = None,
    variables: Variables | None = None,
) -> Paths:
    """The folders on a machine. `home`, `variables`: None for this user's own.

    `prefix`: replaces the home folder; then no variable counts."""
    prefixed = prefix is not None
    home = prefix or home or Path.home()
    variables = {} if prefixed else os.environ if variables is None else variables
    if own := variables.get("ANYCOST_HOME"):
        folder = Path(own)
        return Paths(home, folder / "data", folder / "cache", folder / "run", prefixed)
    if platform == "win32":
        local = local_app_data(home, variables) / APP
        return Paths(home, local, local / "Cache", local / "Cache" / "run", prefixed)
    if platform == "darwin":
        cache = home / "Library" / "Caches" / APP
        return Paths(home, home / "Library" / "Application Support" / APP, cache, cache / "run", prefixed)
    data = data_home(home, variables) / APP
    cache = Path(variables.get("XDG_CACHE_HOME") or home / ".cache") / APP
    runtime = variables.get("XDG_RUNTIME_DIR", "")
    return Paths(home, data, cache, Path(runtime) / APP if os.path.isabs(runtime) else cache / "run", prefixed)
