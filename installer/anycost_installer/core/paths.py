"""The project's folders on this machine: the same ones that plug-ins and backend use."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "anycost-face-editor"


@dataclass(frozen=True)
class Paths:
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
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_RUNTIME_DIR": "",
            "LOCALAPPDATA": str(self.home / "AppData" / "Local"),
            "APPDATA": str(self.home / "AppData" / "Roaming"),
            "ANYCOST_HOME": "",
            "ANYCOST_PYTHON": "",
        }


def paths_of(
    prefix: Path | None = None,
    platform: str = sys.platform,
    home: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Paths:
    """`prefix`: replaces the home folder; then no variable counts."""
    if prefix is not None:
        return _paths(platform, prefix, {}, prefixed=True)
    return _paths(platform, home or Path.home(), os.environ if variables is None else variables, prefixed=False)


def _paths(platform: str, home: Path, variables: Mapping[str, str], prefixed: bool) -> Paths:
    if own := variables.get("ANYCOST_HOME"):
        folder = Path(own)
        return Paths(home, folder / "data", folder / "cache", folder / "run", prefixed)
    if platform == "win32":
        local = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local") / APP
        return Paths(home, local, local / "Cache", local / "Cache" / "run", prefixed)
    if platform == "darwin":
        cache = home / "Library" / "Caches" / APP
        return Paths(home, home / "Library" / "Application Support" / APP, cache, cache / "run", prefixed)
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share") / APP
    cache = Path(variables.get("XDG_CACHE_HOME") or home / ".cache") / APP
    runtime = variables.get("XDG_RUNTIME_DIR", "")
    return Paths(home, data, cache, Path(runtime) / APP if os.path.isabs(runtime) else cache / "run", prefixed)
