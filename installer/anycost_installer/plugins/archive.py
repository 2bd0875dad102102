"""Builds and reads the ZIP of a plug-in with its client and pyzmq: for profiles, for repairs, for Krita's importer.

The same files give the same bytes. Krita's importer requires an entry for the plug-in's folder."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from anycost_installer.core.checkout import pinned_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import files_below
from anycost_installer.hosts.host import PLUGINS, WHEELS, Host
from anycost_installer.lockfile.requirements import hashed_requirement

ARCHIVES_FOLDER = "plug-ins"  # in the data folder
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_MAX_BYTES = 64 << 20  # of a member

PipInstall = Callable[[list[str]], bool]  # arguments of `pip install` → whether it succeeded


@dataclass(frozen=True)
class Member:
    """A file of a plug-in."""

    name: str  # in the archive, such as "anycost_krita/vendor/cp311/zmq/__init__.py"
    data: bytes
    executable: bool

    def path_in(self, host: Host) -> Path:
        """Its path in the profile of `host`."""
        path = PurePosixPath(self.name)
        if path.suffix == ".action":
            return host.actions_folder / path.name
        return host.plugins_folder.joinpath(*path.parts)


@contextmanager
def pyzmq_wheels(root: Path, install: PipInstall, note: Callable[[str], None]) -> Iterator[list[Path]]:
    """Yields temporary folders cp310, cp311 … with pyzmq for these Pythons.

    `note`: gets a line for each Python without a wheel. Raises InstallError for a damaged lock file."""
    with tempfile.TemporaryDirectory(prefix="anycost-") as folder:
        found = []
        for version in (f"{major}.{minor}" for major, minor in WHEELS):
            wheel = Path(folder) / pyzmq_folder(version)
            if vendor_pyzmq(wheel, version, root, install):
                found.append(wheel)
            else:
                note(f"pyzmq has no wheel for Python {version}: an editor with it takes the bridge")
        yield found


def build_archive(program: str, root: Path, wheels: Sequence[Path]) -> bytes:
    """The ZIP of the plug-in for "Krita" or "GIMP". Raises InstallError for an incomplete checkout.

    `wheels`: as from pyzmq_wheels."""
    name = PLUGINS[program]
    source = root / "plugin" / program.lower()
    if not (source / name).is_dir():
        raise InstallError(f"{source / name} is missing", "run the installer from a complete checkout")
    files = {f"{name}/{path}": file for path, file in _files_below(source / name)}
    files |= {
        f"{name}/vendor/anycost_client/{path}": file for path, file in _files_below(root / "plugin" / "anycost_client")
    }
    files |= {file.name: file for file in sorted(source.glob(f"{name}.*")) if file.suffix in (".action", ".desktop")}
    for wheel in wheels:
        files |= {f"{name}/vendor/{wheel.name}/{path}": file for path, file in _files_below(wheel, hidden=True)}
    return _zipped(name, files)


def read_members(archive: Path) -> list[Member]:
    """Raises InstallError for an archive that is missing or damaged, or has a path that leads outside."""
    try:
        with zipfile.ZipFile(archive) as opened:
            found = []
            for entry in opened.infolist():
                path = PurePosixPath(entry.filename)
                if entry.is_dir():
                    continue
                if path.is_absolute() or ".." in path.parts or entry.file_size > _MAX_BYTES:
                    raise zipfile.BadZipFile(entry.filename)
                executable = bool(entry.external_attr >> 16 & 0o100)
                found.append(Member(entry.filename, opened.read(entry), executable))
            return found
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise InstallError(f"{archive} is damaged", "run 'python3 installer repair'") from error


def members_for(found: list[Member], host: Host) -> list[Member]:
    """The members that this host can use: all, or those without pyzmq."""
    wheels = tuple(f"{host.plugin_name}/vendor/{pyzmq_folder(f'{major}.{minor}')}/" for major, minor in WHEELS)
    return [member for member in found if host.takes_wheels or not member.name.startswith(wheels)]


def pyzmq_folder(version: str) -> str:
    """The folder in which the plug-in looks for pyzmq of a Python such as "3.11": "cp311"."""
    return "cp" + version.replace(".", "")


def vendor_pyzmq(folder: Path, version: str, root: Path, install: PipInstall) -> bool:
    """Installs the locked pyzmq for a Python, which need not be on this machine, into `folder`.

    Returns whether there is a wheel. Raises InstallError for a damaged lock file."""
    requirements = folder.with_name(f"{folder.name}.txt")
    requirements.write_text(hashed_requirement(root, f"pyzmq=={pinned_version(root, 'pyzmq')}"), encoding="utf-8")
    arguments = ["--target", str(folder), "--python-version", version, "--only-binary", ":all:"]
    if install([*arguments, "--no-deps", "--no-compile", "--require-hashes", "--requirement", str(requirements)]):
        shutil.rmtree(folder / "bin", ignore_errors=True)
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _files_below(folder: Path, hidden: bool = False) -> Iterator[tuple[str, Path]]:
    """Relative paths with slashes, and files. `hidden`: as in files_below; macOS wheels have a folder .dylibs."""
    for path in files_below(folder, hidden):
        # pip's files about an installation (RECORD, REQUESTED …) differ each time.
        if not (path.name in ("RECORD", "REQUESTED", "INSTALLER", "direct_url.json") and "dist-info" in str(path)):
            yield path.as_posix(), folder / path


def _zipped(name: str, files: dict[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = zipfile.ZipInfo(f"{name}/", _FIXED_TIME)
        folder.external_attr = 0o40755 << 16 | 0x10
        archive.writestr(folder, b"")
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: then the permissions below count on every system
            # GIMP ignores a plug-in that is not executable, without a message.
            entry.external_attr = (0o100755 if path == f"{name}/{name}.py" else 0o100644) << 16
            archive.writestr(entry, files[path].read_bytes())
    return buffer.getvalue()
