"""Finds GIMP: each installed one, and each profile of a minor release."""

from pathlib import Path

from anycost_installer.core.machine import Machine
from anycost_installer.core.paths import APP
from anycost_installer.hosts import sandboxes, versions
from anycost_installer.hosts.host import Host

FIRST = "3.0"  # GIMP 2.10 has no Python 3
FLATPAK = "org.gimp.GIMP"
TOO_OLD = "install GIMP 3, because GIMP 2.10 has no Python 3"


def find_gimps(machine: Machine) -> list[Host]:
    """Installed GIMPs and profiles whose program was not found, newest first."""
    found: list[Host] = []
    for program in _programs(machine):
        if program.obstacle or not any(
            host.plugin_folder == program.plugin_folder and host.kind == program.kind for host in found
        ):
            found.append(program)
    known = {host.folder for host in found}
    for root, backend_json in _roots(machine):
        folders = [folder for folder in root.glob("3.*") if folder.is_dir() and folder not in known]
        kind = default_host(machine).kind
        found += [_host(machine, kind, folder, backend_json, version=folder.name) for folder in folders]
    return sorted(found, key=lambda host: versions.number(host.version), reverse=True)


def default_host(machine: Machine) -> Host:
    """A GIMP 3 with the default profile, which need not exist."""
    kind = {"win32": "installer", "darwin": "app"}.get(machine.platform, "package")
    root, backend_json = _roots(machine)[0]
    return _host(machine, kind, root / FIRST, backend_json)


def _host(
    machine: Machine,
    kind: str,
    folder: Path,
    backend_json: Path,
    version: str = "",
    python: str = "",
    file: Path | None = None,
    sandbox: tuple[str, ...] = (),
    obstacle: str = "",
) -> Host:
    # GIMP for Windows has MinGW's Python; pyzmq has no wheel for it.
    wheels = machine.platform != "win32"
    return Host("GIMP", kind, folder, backend_json, version, python, None, file, sandbox, wheels, obstacle)


def _roots(machine: Machine) -> list[tuple[Path, Path]]:
    """Parent folders of the profiles, each with the path of backend.json for their plug-ins."""
    backend_json = machine.paths.data / "backend.json"
    if machine.platform == "win32":
        stores = sorted((machine.local_app_data / "Packages").glob("*GIMP*/LocalCache"))
        return [(machine.roaming_app_data / "GIMP", backend_json)] + [
            (cache / "Roaming" / "GIMP", cache / "Local" / APP / "backend.json") for cache in stores
        ]
    if machine.platform == "darwin":
        return [(machine.home / "Library" / "Application Support" / "GIMP", backend_json)]
    return [(machine.config_home / "GIMP", backend_json)]


def _programs(machine: Machine) -> list[Host]:
    if machine.platform == "win32":
        return _windows(machine)
    if machine.platform == "darwin":
        return _macos(machine)
    return [*_linux(machine), *_flatpak(machine), *_snap(machine)]


def _of_version(machine: Machine, kind: str, version: str, python: str, file: Path | None) -> Host:
    """A GIMP with the default profile of its minor release; an unknown version counts as FIRST."""
    root, backend_json = _roots(machine)[0]
    series = versions.minor(version) if version else FIRST
    obstacle = TOO_OLD if versions.number(series) < versions.number(FIRST) else ""
    return _host(machine, kind, root / series, backend_json, version, python, file, obstacle=obstacle)


def _linux(machine: Machine) -> list[Host]:
    found = []
    program = machine.find_program("gimp-3.2", "gimp-3.0", "gimp-3", "gimp", "gimp-2.10")
    if program:
        version = versions.of_metainfo(program.parent.parent / "share", FLATPAK)
        version = version or versions.of_metainfo(program.parent.parent / "share", "gimp")
        version = version or program.name.removeprefix("gimp").removeprefix("-")
        if version == "3":
            version = FIRST
        python = versions.python_of_link(machine.system_path("usr", "bin", "python3"))
        found.append(_of_version(machine, "package", version, python, program))
    for file, version in machine.app_images("gimp"):
        found.append(_of_version(machine, "AppImage", version, "", file))
    return found


def _flatpak(machine: Machine) -> list[Host]:
    sandbox = machine.home / ".var" / "app" / FLATPAK
    active = next(sandboxes.flatpaks(machine, FLATPAK), None)
    if active is None and not sandbox.is_dir():
        return []
    version = versions.of_metainfo(active / "files" / "share", FLATPAK) if active else ""
    # Depending on the package's age, the profile is in the home folder or in the sandbox.
    own = sandbox / "config" / "GIMP"
    root = own if own.is_dir() else _roots(machine)[0][0]
    series = [folder.name for folder in root.glob("3.*") if folder.is_dir()]
    names = [versions.minor(version)] if version else sorted(series, key=versions.number)[-1:] or [FIRST]
    python = sandboxes.python_of_flatpak(active) if active else ""
    backend_json = sandbox / "data" / APP / "backend.json"
    run = ("flatpak", "run", "--command={python}", FLATPAK)
    obstacle = TOO_OLD if versions.number(names[0]) < versions.number(FIRST) else ""
    profile = root / names[0]
    return [_host(machine, "Flatpak", profile, backend_json, version or names[0], python, active, run, obstacle)]


def _snap(machine: Machine) -> list[Host]:
    folder = sandboxes.snap(machine, "gimp")
    if folder is None:
        return []
    home = machine.home / "snap" / "gimp" / "current"
    version = versions.of_snap(folder)
    profile = home / ".config" / "GIMP" / (versions.minor(version) or FIRST)
    backend_json = home / ".local" / "share" / APP / "backend.json"
    python = versions.python_in([folder / "usr" / "lib"])
    why = sandboxes.sandbox_obstacle("GIMP", "the Snap's sandbox")
    return [_host(machine, "Snap", profile, backend_json, version, python, folder, obstacle=why)]


def _windows(machine: Machine) -> list[Host]:
    programs = machine.program_files
    local = machine.local_app_data
    found = []
    for folder in sorted([*programs.glob("GIMP*"), *(local / "Programs").glob("GIMP*")]):
        version = versions.of_metainfo(folder / "share", FLATPAK)
        names = [file.stem.removeprefix("gimp-") for file in (folder / "bin").glob("gimp-*.exe")]
        numbers = sorted((name for name in names if name and name[0].isdigit() and "." in name), key=versions.number)
        python = versions.python_in([folder / "lib"])
        file = folder / "bin" / f"gimp-{numbers[-1]}.exe" if numbers else folder
        found.append(_of_version(machine, "installer", version or (numbers[-1] if numbers else ""), python, file))
    return found


def _macos(machine: Machine) -> list[Host]:
    found = []
    for folder in (machine.system_path("Applications"), machine.home / "Applications"):
        for app in sorted(folder.glob("GIMP*.app")):
            inside = app / "Contents"
            python_folders = [inside / "Frameworks" / "Python.framework" / "Versions", inside / "Resources" / "lib"]
            found.append(_of_version(machine, "app", versions.of_app(app), versions.python_in(python_folders), app))
    return found
