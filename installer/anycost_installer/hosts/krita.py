"""Finds Krita: from the distribution, as AppImage, Flatpak or Snap, on Windows, from its Store, on macOS."""

from dataclasses import replace
from pathlib import Path

from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import APP
from anycost_installer.hosts import sandboxes, versions
from anycost_installer.hosts.host import Host

FLATPAK = "org.kde.krita"
# Krita's own builds bring Python. A distribution's Krita uses the distribution's Python.
BUNDLED_PYTHONS = {"5.2": "3.10", "5.3": "3.13", "6.0": "3.13"}


def find_kritas(machine: Machine) -> list[Host]:
    """Installed Kritas, the system's own first. Several can share a profile."""
    if machine.platform == "win32":
        return _windows(machine)
    if machine.platform == "darwin":
        return _macos(machine)
    return [*_linux(machine), *_flatpak(machine), *_snap(machine)]


def default_host(machine: Machine) -> Host:
    """A Krita with the default profile, which need not exist."""
    backend_json = machine.paths.data / "backend.json"
    if machine.platform == "win32":
        settings = machine.local_app_data / "kritarc"
        return Host("Krita", "installer", machine.roaming_app_data / "krita", backend_json, settings=settings)
    if machine.platform == "darwin":
        library = machine.home / "Library"
        support = library / "Application Support"
        folder = next((support / name for name in ("krita", "Krita") if (support / name).is_dir()), support / "krita")
        return Host("Krita", "app", folder, backend_json, settings=library / "Preferences" / "kritarc")
    settings = machine.config_home / "kritarc"
    return Host("Krita", "package", machine.data_home / "krita", backend_json, settings=settings)


def _with_profile_of(profile: Host, kind: str, version: str, python: str, file: Path | None) -> Host:
    """A Krita with the same profile as the host `profile`."""
    return replace(profile, kind=kind, version=version, python=python, file=file)


def _bundled(version: str) -> str:
    return BUNDLED_PYTHONS.get(versions.minor(version), "")


def _linux(machine: Machine) -> list[Host]:
    profile, found = default_host(machine), []
    if program := machine.find_program("krita"):
        share = program.parent.parent / "share"
        python = versions.python_of_link(machine.system_path("usr", "bin", "python3"))
        found.append(_with_profile_of(profile, "package", versions.of_metainfo(share, FLATPAK), python, program))
    for file, version in machine.app_images("krita"):
        found.append(_with_profile_of(profile, "AppImage", version, _bundled(version), file))
    if not found and profile.folder.is_dir():  # started once, but its program is in no usual folder
        found.append(profile)
    return found


def _flatpak(machine: Machine) -> list[Host]:
    sandbox = machine.home / ".var" / "app" / FLATPAK
    active = next(sandboxes.flatpaks(machine, FLATPAK), None)
    if active is None and not sandbox.is_dir():
        return []
    return [
        Host(
            "Krita",
            "Flatpak",
            sandbox / "data" / "krita",
            sandbox / "data" / APP / "backend.json",
            version=versions.of_metainfo(active / "files" / "share", FLATPAK) if active else "",
            python=sandboxes.python_of_flatpak(active) if active else "",
            settings=sandbox / "config" / "kritarc",
            file=active,
            sandbox=("flatpak", "run", "--command={python}", FLATPAK),
        )
    ]


def _snap(machine: Machine) -> list[Host]:
    folder = sandboxes.snap(machine, "krita")
    if folder is None:
        return []
    home = machine.home / "snap" / "krita" / "current"
    return [
        Host(
            "Krita",
            "Snap",
            home / ".local" / "share" / "krita",
            home / ".local" / "share" / APP / "backend.json",
            version=versions.of_snap(folder),
            python=versions.python_in([folder / "usr" / "lib"]),
            settings=home / ".config" / "kritarc",
            file=folder,
            obstacle=sandboxes.sandbox_obstacle("Krita", "the Snap's sandbox"),
        )
    ]


def _windows(machine: Machine) -> list[Host]:
    profile, found = default_host(machine), []
    programs = machine.program_files
    for folder in sorted(programs.glob("Krita*")):
        version = versions.of_metainfo(folder / "share", FLATPAK)
        python = versions.python_in([folder / "python", folder / "bin"]) or _bundled(version)
        found.append(_with_profile_of(profile, "installer", version, python, folder / "bin" / "krita.exe"))
    if not found and profile.folder.is_dir():
        found.append(profile)
    local = machine.local_app_data
    for package in sorted((local / "Packages").glob("49800Krita_*")):
        cache = package / "LocalCache"
        # Windows redirects the files that a Store app writes to this folder.
        backend_json = cache / "Local" / APP / "backend.json"
        settings = cache / "Local" / "kritarc"
        found.append(Host("Krita", "Store", cache / "Roaming" / "krita", backend_json, settings=settings, file=package))
    return found


def _macos(machine: Machine) -> list[Host]:
    profile, found = default_host(machine), []
    for folder in (machine.system_path("Applications"), machine.home / "Applications"):
        app = next((folder / name for name in ("krita.app", "Krita.app") if (folder / name).is_dir()), None)
        if app:
            version = versions.of_app(app)
            python = versions.python_in([app / "Contents" / "Frameworks" / "Python.framework" / "Versions"])
            found.append(_with_profile_of(profile, "app", version, python or _bundled(version), app))
    return found or ([profile] if profile.folder.is_dir() else [])
