"""An editor on this machine: program, version, profile, and what its Python can load."""

from dataclasses import dataclass
from pathlib import Path

PLUGINS = {"Krita": "anycost_krita", "GIMP": "anycost_gimp"}  # program → name of our plug-in
WHEELS = ((3, 10), (3, 11), (3, 12))  # Pythons with a vendored pyzmq; that of 3.12 serves later ones too


@dataclass(frozen=True)
class Host:
    """`obstacle`: why it cannot have the plug-in and what to do instead ("use …, because …"); "" when it can.

    The record stores these fields under these names."""

    program: str  # "Krita", "GIMP"
    kind: str  # package (of the distribution), AppImage, Flatpak, Snap, installer, Store, app
    folder: Path  # its profile: contains pykrita or plug-ins
    backend: Path  # backend.json, as this editor's plug-in finds it
    version: str = ""  # "5.2.9"; "" when unknown
    python: str = ""  # "3.11", of its plug-ins; "" when unknown
    settings: Path | None = None  # kritarc
    file: Path | None = None  # the program
    sandbox: tuple[str, ...] = ()  # command that runs "{python}" in its sandbox
    takes_wheels: bool = True  # False for MinGW's Python
    obstacle: str = ""

    @property
    def title(self) -> str:
        """Such as "Krita 5.2.9 (AppImage)"."""
        kind = "" if self.kind in ("package", "installer", "app") else f" ({self.kind})"
        return " ".join(part for part in (self.program, self.version) if part) + kind

    @property
    def plugin_name(self) -> str:
        return PLUGINS[self.program]

    @property
    def plugins_folder(self) -> Path:
        return self.folder / ("pykrita" if self.program == "Krita" else "plug-ins")

    @property
    def actions_folder(self) -> Path:
        return self.folder / "actions"

    @property
    def plugin_folder(self) -> Path:
        """The folder of this project's plug-in."""
        return self.plugins_folder / self.plugin_name

    @property
    def channel(self) -> str:
        """How the plug-in reaches the backend: "pyzmq", "bridge", or "" when the Python is unknown."""
        if not self.takes_wheels:
            return "bridge"
        if not self.python:
            return ""
        return "pyzmq" if tuple(map(int, self.python.split("."))) >= WHEELS[0] else "bridge"

    def to_json(self) -> dict[str, object]:
        """For --json."""
        return {
            "program": self.program,
            "kind": self.kind,
            "title": self.title,
            "version": self.version,
            "python": self.python,
            "channel": self.channel,
            "plugins": str(self.plugins_folder),
            "program_file": str(self.file or ""),
            "sandboxed": bool(self.sandbox) or self.kind in ("Flatpak", "Snap"),
            "obstacle": self.obstacle,
        }
