"""Puts the plug-in into a GIMP profile and takes it away again; twice is as good as once.

It is made complete beside its place and then renamed, so that GIMP never meets half of it."""

import json
import shutil
from pathlib import Path

from errors import InstallError
from gimp_profiles import GimpProfile
from krita_plugin import PYTHONS, Install, _swap, _write, vendor_zmq, zmq_folder
from progress import Note

NAME = "anycost_gimp"


def steps(profile: GimpProfile) -> list[str]:
    """What `put` would do, for people."""
    return [
        f"{profile.plugins / NAME}: the plug-in, with the client and pyzmq for Python {', '.join(PYTHONS)}",
        f"{profile.backend}: where the backend is",
    ]


def put(profile: GimpProfile, root: Path, python: Path, install: Install, note: Note) -> None:
    """`python`: of the backend's environment. Raises InstallError or OSError."""
    source = root / "plugin" / "gimp" / NAME
    if not source.is_dir():
        raise InstallError(f"{source} is missing; run the installer from a complete checkout")
    profile.plugins.mkdir(parents=True, exist_ok=True)
    aside = _aside(profile)
    shutil.rmtree(aside, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(source, aside, ignore=unwanted)
    (aside / f"{NAME}.py").chmod(0o755)  # without it GIMP passes over the plug-in and says nothing
    shutil.copytree(root / "plugin" / "anycost_client", aside / "vendor" / "anycost_client", ignore=unwanted)
    for version in PYTHONS:
        if not vendor_zmq(aside / "vendor" / zmq_folder(version), version, root, install):
            note(f"pyzmq has no wheel for Python {version}: a GIMP with it takes the bridge")
    _swap(aside, profile.plugins / NAME)
    _write(profile.backend, json.dumps({"python": str(python)}))


def take(profile: GimpProfile, last: bool = True) -> list[Path]:
    """What was removed; nothing where there was nothing. Presets that the user saved stay.

    `last`: no other editor uses the backend, so that the note of where it is goes as well."""
    removed = []
    place, aside = profile.plugins / NAME, _aside(profile)
    for folder in (place, aside, aside.with_name(f"{place.name}.old")):
        if folder.is_dir():
            shutil.rmtree(folder)
            removed.append(folder)
    if last and profile.backend.is_file():
        profile.backend.unlink()
        removed.append(profile.backend)
    for folder in (profile.plugins, profile.backend.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return removed


def _aside(profile: GimpProfile) -> Path:
    return profile.plugins / f"{NAME}.part"
