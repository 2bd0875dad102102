"""One editor that was found on this machine: which it is, where its plug-ins go, and what it can do for ours."""

from dataclasses import dataclass
from pathlib import Path

PLUGINS = {"Krita": "anycost_krita", "GIMP": "anycost_gimp"}  # program → name of our plug-in
WHEELS = ((3, 10), (3, 11), (3, 12))  # Pythons that pyzmq is vendored for: 3.12's serves all later ones


@dataclass(frozen=True)
class Host:
    """`obstacle`: what to do instead and why, where it cannot have the plug-in ("use …, because …"); "" elsewhere."""

    program: str  # "Krita", "GIMP"
    kind: str  # package (of the distribution), AppImage, Flatpak, Snap, installer, Store, app
    folder: Path  # its profile: with pykrita, or plug-ins
    backend: Path  # backend.json, where the plug-in inside looks for it
    version: str = ""  # "5.2.9"; "" where it cannot be told
    python: str = ""  # "3.11", of its plug-ins
    settings: Path | None = None  # kritarc
    file: Path | None = None  # the program
    sandbox: tuple[str, ...] = ()  # command that runs "{python}" inside its sandbox, to ask whether that can be done
    takes_wheels: bool = True  # False: MinGW's Python loads none
    obstacle: str = ""

    @property
    def title(self) -> str:
        """For people."""
        kind = "" if self.kind in ("package", "installer", "app") else f" ({self.kind})"
        return " ".join(part for part in (self.program, self.version) if part) + kind

    @property
    def plugin(self) -> str:
        return PLUGINS[self.program]

    @property
    def plugins(self) -> Path:
        return self.folder / ("pykrita" if self.program == "Krita" else "plug-ins")

    @property
    def actions(self) -> Path:
        return self.folder / "actions"

    @property
    def place(self) -> Path:
        """Of our plug-in."""
        return self.plugins / self.plugin

    @property
    def channel(self) -> str:
        """How the plug-in will reach the backend: "pyzmq", "bridge", or "" where only its start will tell."""
        if not self.takes_wheels:
            return "bridge"
        if not self.python:
            return ""
        return "pyzmq" if tuple(map(int, self.python.split("."))) >= WHEELS[0] else "bridge"

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "program": self.program,
            "kind": self.kind,
            "title": self.title,
            "version": self.version,
            "python": self.python,
            "channel": self.channel,
            "plugins": str(self.plugins),
            "program_file": str(self.file or ""),
            "sandboxed": bool(self.sandbox) or self.kind in ("Flatpak", "Snap"),
            "obstacle": self.obstacle,
        }
