"""Where things of ours lie in a user's folders: the same places as the plug-ins and the backend look for them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "anycost-face-editor"


@dataclass(frozen=True)
class Places:
    home: Path
    data: Path  # environment, models, record; what 'install' made
    cache: Path  # logs, latents: may be deleted at any time
    run: Path  # of the connection file
    moved: bool = False  # the home is not this user's own: children must be told

    def variables(self) -> dict[str, str]:
        """What children need in their environment to look there too. Nothing when they would do so by themselves."""
        if not self.moved:
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


def places_of(
    prefix: Path | None = None,
    platform: str = sys.platform,
    home: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Places:
    """`prefix`: a folder that stands in for the home folder; nothing of the real one then counts."""
    if prefix is not None:
        return _places(platform, prefix, {}, moved=True)
    return _places(platform, home or Path.home(), os.environ if variables is None else variables, moved=False)


def _places(platform: str, home: Path, variables: Mapping[str, str], moved: bool) -> Places:
    if own := variables.get("ANYCOST_HOME"):
        folder = Path(own)
        return Places(home, folder / "data", folder / "cache", folder / "run", moved)
    if platform == "win32":
        local = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local") / APP
        return Places(home, local, local / "Cache", local / "Cache" / "run", moved)
    if platform == "darwin":
        cache = home / "Library" / "Caches" / APP
        return Places(home, home / "Library" / "Application Support" / APP, cache, cache / "run", moved)
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share") / APP
    cache = Path(variables.get("XDG_CACHE_HOME") or home / ".cache") / APP
    runtime = variables.get("XDG_RUNTIME_DIR", "")
    return Places(home, data, cache, Path(runtime) / APP if os.path.isabs(runtime) else cache / "run", moved)
