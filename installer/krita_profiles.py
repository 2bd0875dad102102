"""Where the Kritas of this machine keep plug-ins and settings: one profile for each kind of package."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "anycost-face-editor"


@dataclass(frozen=True)
class Profile:
    title: str
    data: Path  # with pykrita and actions
    settings: Path  # kritarc
    backend: Path  # backend.json, where the plug-in inside this Krita looks for it
    found: bool  # whether this Krita is on the machine

    @property
    def plugins(self) -> Path:
        return self.data / "pykrita"

    @property
    def actions(self) -> Path:
        return self.data / "actions"


def find(prefix: Path | None = None) -> list[Profile]:
    """The Kritas that are there. `prefix` stands in for the home folder, and counts as one with a Krita."""
    profiles = candidates(sys.platform, prefix or Path.home(), {} if prefix else os.environ)
    if prefix:
        return profiles[:1]
    return [profile for profile in profiles if profile.found]


def candidates(platform: str, home: Path, variables: Mapping[str, str]) -> list[Profile]:
    """All that this system knows, the usual one first. `platform`: as sys.platform says it."""
    own = Path(variables["ANYCOST_HOME"]) / "data" if variables.get("ANYCOST_HOME") else None
    if platform == "win32":
        return _windows(home, variables, own)
    if platform == "darwin":
        support = home / "Library" / "Application Support"
        data = next((support / name for name in ("krita", "Krita") if (support / name).is_dir()), support / "krita")
        there = data.is_dir() or Path("/Applications/krita.app").is_dir()
        note = (own or support / APP) / "backend.json"
        return [Profile("Krita", data, home / "Library" / "Preferences" / "kritarc", note, there)]
    share = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    # The AppImage uses the same folders as a distribution's package.
    there = (share / "krita").is_dir() or shutil.which("krita", path=variables.get("PATH")) is not None
    usual = Profile("Krita", share / "krita", config / "kritarc", (own or share / APP) / "backend.json", there)
    sandbox = home / ".var" / "app" / "org.kde.krita"
    flatpak = Profile(
        "Krita (Flatpak)",
        sandbox / "data" / "krita",
        sandbox / "config" / "kritarc",
        sandbox / "data" / APP / "backend.json",
        sandbox.is_dir(),
    )
    return [usual, flatpak]


def _windows(home: Path, variables: Mapping[str, str], own: Path | None) -> list[Profile]:
    roaming = Path(variables.get("APPDATA") or home / "AppData" / "Roaming")
    local = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")
    programs = Path(variables.get("PROGRAMFILES") or "C:/Program Files")
    there = (roaming / "krita").is_dir() or any(programs.glob("Krita*"))
    note = (own or local / APP) / "backend.json"
    profiles = [Profile("Krita", roaming / "krita", local / "kritarc", note, there)]
    for package in sorted((local / "Packages").glob("49800Krita_*")):
        cache = package / "LocalCache"
        note = (own or cache / "Local" / APP) / "backend.json"
        profiles.append(
            Profile("Krita (Windows Store)", cache / "Roaming" / "krita", cache / "Local" / "kritarc", note, True)
        )
    return profiles
