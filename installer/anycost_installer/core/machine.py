"""The machine on which editors are looked for: the real one, or a folder that stands in for another."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anycost_installer.core.paths import Places, places_of

# What tells where programs lie, and nothing of the user's folders.
_OF_PROGRAMS = ("PATH", "PROGRAMFILES", "PROGRAMFILES(X86)")


@dataclass(frozen=True)
class Machine:
    """`platform`: as sys.platform says it. `root`: what "/" is, on Windows the system's drive."""

    platform: str
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")
    moved: bool = False  # the home is not this user's own

    @property
    def places(self) -> Places:
        if self.moved:
            return places_of(self.home, self.platform)
        return places_of(None, self.platform, self.home, self.variables)

    def at(self, *parts: str) -> Path:
        """A place of the system, such as at("usr", "bin")."""
        return self.root.joinpath(*parts)

    def program(self, *names: str) -> Path | None:
        """The first of these programs that is on the PATH or where programs usually are."""
        paths = self.variables.get("PATH", "").split(os.pathsep) if self.root == Path(self.root.anchor) else []
        usual = [str(self.at(*place)) for place in (("usr", "bin"), ("usr", "local", "bin"), ("bin",))]
        for name in names:
            for folder in [path for path in paths if path] + usual:
                file = Path(folder) / name
                if file.is_file() and not is_of_a_sandbox(file):
                    return file
        return None

    def app_images(self, name: str) -> Iterator[tuple[Path, str]]:
        """Files such as krita-5.2.9-x86_64.AppImage where people keep them, and their versions ("" if not told)."""
        homes = ("Applications", "AppImages", "Downloads", "Desktop", "bin", ".local/bin", ".")
        folders = [self.home / folder for folder in homes] + [self.at("opt")]
        for folder in folders:
            for file in sorted(_files(folder)):
                if re.match(rf"{name}\b.*\.appimage$", file.name, re.IGNORECASE):
                    version = re.search(r"\d+(\.\d+)+", file.name)
                    yield file, version[0] if version else ""


def this_machine(prefix: Path | None = None) -> Machine:
    root = Path(Path.home().anchor)
    if prefix is None:
        return Machine(sys.platform, Path.home(), os.environ, root)
    variables = {name: value for name, value in os.environ.items() if name.upper() in _OF_PROGRAMS}
    return Machine(sys.platform, prefix, variables, root, moved=True)


def is_of_a_sandbox(file: Path) -> bool:
    """Snap and Flatpak put launchers on the PATH."""
    return any(part in str(file) for part in ("/snap/bin/", "/flatpak/exports/"))


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
