"""Puts the plug-in into a Krita profile and takes it away again; twice is as good as once.

Everything is made complete beside its place and then renamed, so that Krita never meets half of it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from checkout import pinned
from errors import InstallError
from krita_profiles import Profile
from progress import Note

NAME = "anycost_krita"
SETTING = f"enable_{NAME}"
# Krita's Pythons: 3.10 (its own bundles up to 5.2), 3.11 (Debian 12, Flatpak), 3.12 and later share one wheel.
PYTHONS = ("3.10", "3.11", "3.12")

Install = Callable[[list[str]], bool]  # arguments of `pip install`; whether it went well


def steps(profile: Profile) -> list[str]:
    """What `put` would do, for people."""
    return [
        f"{profile.plugins / NAME}: the plug-in, with the client and pyzmq for Python {', '.join(PYTHONS)}",
        f"{profile.plugins / NAME}.desktop and {profile.actions / NAME}.action",
        f"{profile.settings}: {SETTING}=true",
        f"{profile.backend}: where the backend is",
    ]


def put(profile: Profile, root: Path, python: Path, install: Install, note: Note) -> None:
    """`python`: of the backend's environment. Raises InstallError or OSError."""
    source = root / "plugin" / "krita"
    if not (source / NAME).is_dir():
        raise InstallError(f"{source / NAME} is missing; run the installer from a complete checkout")
    profile.plugins.mkdir(parents=True, exist_ok=True)
    profile.actions.mkdir(parents=True, exist_ok=True)
    aside = profile.plugins / f"{NAME}.part"
    shutil.rmtree(aside, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(source / NAME, aside, ignore=unwanted)
    shutil.copytree(root / "plugin" / "anycost_client", aside / "vendor" / "anycost_client", ignore=unwanted)
    for version in PYTHONS:
        if not vendor_zmq(aside / "vendor" / zmq_folder(version), version, root, install):
            note(f"pyzmq has no wheel for Python {version}: a Krita with it takes the bridge")
    _swap(aside, profile.plugins / NAME)
    _copy(source / f"{NAME}.action", profile.actions / f"{NAME}.action")
    _copy(source / f"{NAME}.desktop", profile.plugins / f"{NAME}.desktop")
    _write(profile.backend, json.dumps({"python": str(python)}))
    _write(profile.settings, enabled(_read(profile.settings)))


def take(profile: Profile, last: bool = True) -> list[Path]:
    """What was removed; nothing where there was nothing. Presets that the user saved stay.

    `last`: no other editor uses the backend, so that the note of where it is goes as well."""
    removed = []
    for folder in (profile.plugins / NAME, profile.plugins / f"{NAME}.part", profile.plugins / f"{NAME}.old"):
        if folder.is_dir():
            shutil.rmtree(folder)
            removed.append(folder)
    files = [profile.plugins / f"{NAME}.desktop", profile.actions / f"{NAME}.action"]
    for file in [*files, profile.backend] if last else files:
        if file.is_file():
            file.unlink()
            removed.append(file)
    settings = _read(profile.settings)
    if settings != disabled(settings):
        _write(profile.settings, disabled(settings))
        removed.append(profile.settings)
    for folder in (profile.plugins, profile.actions, profile.backend.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return removed


def zmq_folder(version: str) -> str:
    """Of "3.11": where the plug-in looks for it."""
    return "cp" + version.replace(".", "")


def vendor_zmq(folder: Path, version: str, root: Path, install: Install) -> bool:
    """pyzmq for a Python that need not be on this machine. False where there is no wheel; nothing is left then."""
    arguments = ["--target", str(folder), "--python-version", version, "--only-binary", ":all:"]
    if install([*arguments, "--no-deps", "--no-compile", f"pyzmq=={pinned(root, 'pyzmq')}"]):
        shutil.rmtree(folder / "bin", ignore_errors=True)
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def enabled(settings: str) -> str:
    """kritarc with the plug-in switched on, and all else as it was."""
    lines = disabled(settings).splitlines()
    if "[python]" in lines:
        lines.insert(lines.index("[python]") + 1, f"{SETTING}=true")
    else:
        lines += [*([""] if lines else []), "[python]", f"{SETTING}=true"]
    return "\n".join(lines) + "\n"


def disabled(settings: str) -> str:
    kept = [line for line in settings.splitlines() if line.partition("=")[0].strip() != SETTING]
    for at in [number for number, line in enumerate(kept) if line == "[python]"]:
        rest = [line for line in kept[at + 1 : at + 2] if line.strip()]
        if not rest or rest[0].startswith("["):  # the group was ours alone
            del kept[at]
            while at and at <= len(kept) and not kept[at - 1].strip():
                at -= 1
                del kept[at]
            break
    return "\n".join(kept) + ("\n" if kept else "")


def _read(settings: Path) -> str:
    try:
        return settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise InstallError(f"{settings} is damaged: rename it, start Krita once, then run the same command") from None


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(file.name + ".part")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, file)


def _copy(source: Path, target: Path) -> None:
    aside = target.with_name(target.name + ".part")
    shutil.copyfile(source, aside)
    os.replace(aside, target)


def _swap(aside: Path, place: Path) -> None:
    """`aside` becomes `place`; what was there goes once that is done, and comes back if it cannot be done."""
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    try:
        os.replace(aside, place)
    except OSError:
        if old.exists():
            os.replace(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)
