"""Where the GIMPs of this machine look for plug-ins: one profile for each minor release and kind of package."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "anycost-face-editor"
FIRST = "3.0"  # GIMP 2.10 has no Python 3


@dataclass(frozen=True)
class GimpProfile:
    title: str
    folder: Path  # such as ~/.config/GIMP/3.0
    backend: Path  # backend.json, where the plug-in inside this GIMP looks for it

    @property
    def plugins(self) -> Path:
        return self.folder / "plug-ins"


def find_gimp(prefix: Path | None = None) -> list[GimpProfile]:
    """The GIMPs that are there. `prefix` stands in for the home folder, and counts as one with a GIMP."""
    if prefix:
        return profiles(sys.platform, prefix, {}, installed=True)[:1]
    installed = any(shutil.which(name) for name in ("gimp", "gimp-3.0", "gimp-3.2", "gimp-3"))
    return profiles(sys.platform, Path.home(), os.environ, installed)


def profiles(platform: str, home: Path, variables: Mapping[str, str], installed: bool) -> list[GimpProfile]:
    """Every 3.x that was started once, newest first; else 3.0's where a GIMP is `installed`, which may be a 2.10."""
    own = Path(variables["ANYCOST_HOME"]) / "data" if variables.get("ANYCOST_HOME") else None
    found = []
    for title, root, data in _roots(platform, home, variables):
        note = (own or data) / "backend.json"
        folders = sorted((path for path in root.glob("3.*") if path.is_dir()), key=_number, reverse=True)
        found += [GimpProfile(f"{title} {folder.name}", folder, note) for folder in folders]
    if not found and installed:
        title, root, data = _roots(platform, home, variables)[0]
        found = [GimpProfile(f"{title} {FIRST}", root / FIRST, (own or data) / "backend.json")]
    return found


def _number(folder: Path) -> tuple[int, ...]:
    """3.10 comes after 3.2."""
    return tuple(int(part) for part in folder.name.split(".") if part.isdecimal())


def _roots(platform: str, home: Path, variables: Mapping[str, str]) -> list[tuple[str, Path, Path]]:
    """Title, folder of the releases' folders, and our data folder as the plug-in sees it there."""
    if platform == "win32":
        roaming = Path(variables.get("APPDATA") or home / "AppData" / "Roaming")
        local = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return [("GIMP", roaming / "GIMP", local / APP)]
    if platform == "darwin":
        support = home / "Library" / "Application Support"
        return [("GIMP", support / "GIMP", support / APP)]
    config = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    share = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    sandbox = home / ".var" / "app" / "org.gimp.GIMP"
    return [
        ("GIMP", config / "GIMP", share / APP),
        ("GIMP (Flatpak)", sandbox / "config" / "GIMP", sandbox / "data" / APP),
    ]
