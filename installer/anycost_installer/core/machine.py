"""The machine on which editors are searched: the real one, or one with another home folder."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anycost_installer.core import paths
from anycost_installer.core.paths import Paths

# Variables that name folders of programs, not folders of the user.
_PROGRAM_VARIABLES = ("PATH", "PROGRAMFILES", "PROGRAMFILES(X86)")


@dataclass(frozen=True)
class Machine:
    """`platform`: as in sys.platform. `root`: the folder that stands for "/", on Windows the system's drive."""

    platform: str
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")
    prefixed: bool = False  # `home` comes from --prefix

    @property
    def paths(self) -> Paths:
        """The project's folders."""
        if self.prefixed:
            return paths.paths_of(self.home, self.platform)
        return paths.paths_of(None, self.platform, self.home, self.variables)

    @property
    def data_home(self) -> Path:
        return paths.data_home(self.home, self.variables)

    @property
    def config_home(self) -> Path:
        return paths.config_home(self.home, self.variables)

    @property
    def local_app_data(self) -> Path:
        return paths.local_app_data(self.home, self.variables)

    @property
    def roaming_app_data(self) -> Path:
        return paths.roaming_app_data(self.home, self.variables)

    @property
    def program_files(self) -> Path:
        return Path(self.variables.get("PROGRAMFILES") or self.system_path("Program Files"))

    def system_path(self, *parts: str) -> Path:
        """A path of the system, such as system_path("usr", "bin")."""
        return self.root.joinpath(*parts)

    def find_program(self, *names: str) -> Path | None:
        """The first of these programs that is on the PATH or in a usual folder."""
        on_path = self.variables.get("PATH", "").split(os.pathsep) if self.root == Path(self.root.anchor) else []
        usual = [str(self.system_path(*parts)) for parts in (("usr", "bin"), ("usr", "local", "bin"), ("bin",))]
        for name in names:
            for folder in [path for path in on_path if path] + usual:
                file = Path(folder) / name
                if file.is_file() and not is_sandbox_launcher(file):
                    return file
        return None

    def app_images(self, name: str) -> Iterator[tuple[Path, str]]:
        """AppImages such as krita-5.2.9-x86_64.AppImage in the usual folders, each with its version, "" if unknown."""
        homes = ("Applications", "AppImages", "Downloads", "Desktop", "bin", ".local/bin", ".")
        folders = [self.home / folder for folder in homes] + [self.system_path("opt")]
        for folder in folders:
            for file in sorted(_files(folder)):
                if re.match(rf"{name}\b.*\.appimage$", file.name, re.IGNORECASE):
                    version = re.search(r"\d+(\.\d+)+", file.name)
                    yield file, version[0] if version else ""


def this_machine(prefix: Path | None = None) -> Machine:
    """`prefix`: replaces the home folder; then the variables of the user's folders do not count."""
    root = Path(Path.home().anchor)
    if prefix is None:
        return Machine(sys.platform, Path.home(), os.environ, root)
    variables = {name: value for name, value in os.environ.items() if name.upper() in _PROGRAM_VARIABLES}
    return Machine(sys.platform, prefix, variables, root, prefixed=True)


def is_sandbox_launcher(file: Path) -> bool:
    """Whether `file` is a launcher that Snap or Flatpak put on the PATH."""
    return any(part in str(file) for part in ("/snap/bin/", "/flatpak/exports/"))


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
