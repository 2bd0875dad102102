"""A plug-in with all that it needs, as one ZIP: put into profiles, mended from, and imported by Krita itself.

The same files always make the same bytes. Krita's importer wants an entry for the plug-in's folder."""

import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from anycost_installer.core.checkout import pinned
from anycost_installer.core.errors import InstallError
from anycost_installer.hosts.host import PLUGINS, WHEELS, Host
from anycost_installer.lockfile.requirements import hashed

FOLDER = "plug-ins"  # in our data folder
_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 64 << 20  # of one file

Install = Callable[[list[str]], bool]  # arguments of `pip install`; whether it went well


@dataclass(frozen=True)
class Member:
    """One file of a plug-in: where it belongs in a profile, and what it holds."""

    name: str  # in the archive, such as "anycost_krita/vendor/cp311/zmq/__init__.py"
    data: bytes
    executable: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def place(self, host: Host) -> Path:
        path = PurePosixPath(self.name)
        if path.suffix == ".action":
            return host.actions / path.name
        return host.plugins.joinpath(*path.parts)


@contextmanager
def fetched_wheels(root: Path, install: Install, note: Callable[[str], None]) -> Iterator[list[Path]]:
    """Folders cp310, cp311 … with pyzmq for those Pythons, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="anycost-") as folder:
        found = []
        for version in (f"{major}.{minor}" for major, minor in WHEELS):
            wheel = Path(folder) / zmq_folder(version)
            if vendor_zmq(wheel, version, root, install):
                found.append(wheel)
            else:
                note(f"pyzmq has no wheel for Python {version}: an editor with it takes the bridge")
        yield found


def build(program: str, root: Path, wheels: Sequence[Path]) -> bytes:
    """The ZIP of the plug-in for "Krita" or "GIMP", from the checkout at `root`. Raises InstallError."""
    name = PLUGINS[program]
    source = root / "plugin" / program.lower()
    if not (source / name).is_dir():
        raise InstallError(f"{source / name} is missing", "run the installer from a complete checkout")
    files = {f"{name}/{path}": file for path, file in _below(source / name)}
    files |= {f"{name}/vendor/anycost_client/{path}": file for path, file in _below(root / "plugin" / "anycost_client")}
    files |= {file.name: file for file in sorted(source.glob(f"{name}.*")) if file.suffix in (".action", ".desktop")}
    for wheel in wheels:
        files |= {f"{name}/vendor/{wheel.name}/{path}": file for path, file in _below(wheel)}
    return _zipped(name, files)


def members(archive: Path) -> list[Member]:
    """Raises InstallError for an archive that is missing, damaged, or names places outside of it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            found = []
            for about in opened.infolist():
                path = PurePosixPath(about.filename)
                if about.is_dir():
                    continue
                if path.is_absolute() or ".." in path.parts or about.file_size > _MOST_BYTES:
                    raise zipfile.BadZipFile(about.filename)
                executable = bool(about.external_attr >> 16 & 0o100)
                found.append(Member(about.filename, opened.read(about), executable))
            return found
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise InstallError(f"{archive} is damaged", "run 'python3 installer repair'") from error


def for_host(found: list[Member], host: Host) -> list[Member]:
    """What of an archive this host can use: wheels only where its Python loads some."""
    wheels = tuple(f"{host.plugin}/vendor/{zmq_folder(f'{major}.{minor}')}/" for major, minor in WHEELS)
    return [member for member in found if host.takes_wheels or not member.name.startswith(wheels)]


def zmq_folder(version: str) -> str:
    """Of "3.11": where the plug-in looks for it."""
    return "cp" + version.replace(".", "")


def vendor_zmq(folder: Path, version: str, root: Path, install: Install) -> bool:
    """pyzmq for a Python that need not be on this machine, as it was locked. False where there is no wheel; nothing is
    left then."""
    listed = folder.with_name(f"{folder.name}.txt")
    listed.write_text(hashed(root, f"pyzmq=={pinned(root, 'pyzmq')}"), encoding="utf-8")
    arguments = ["--target", str(folder), "--python-version", version, "--only-binary", ":all:"]
    if install([*arguments, "--no-deps", "--no-compile", "--require-hashes", "--requirement", str(listed)]):
        shutil.rmtree(folder / "bin", ignore_errors=True)
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files and their paths in the folder, with slashes."""
    for file in sorted(folder.rglob("*")):
        # What pip writes about an installation (RECORD, REQUESTED …) differs from one to the next.
        unwanted = "__pycache__" in file.parts or file.suffix == ".pyc"
        unwanted |= file.name in ("RECORD", "REQUESTED", "INSTALLER", "direct_url.json") and "dist-info" in str(file)
        if file.is_file() and not unwanted:
            yield file.relative_to(folder).as_posix(), file


def _zipped(name: str, files: dict[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = zipfile.ZipInfo(f"{name}/", _TIME)
        folder.external_attr = 0o40755 << 16 | 0x10
        archive.writestr(folder, b"")
        for path in sorted(files):
            about = zipfile.ZipInfo(path, _TIME)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system = 3  # so that the rights below are read everywhere
            # GIMP passes over a plug-in that is not executable, and says nothing.
            about.external_attr = (0o100755 if path == f"{name}/{name}.py" else 0o100644) << 16
            archive.writestr(about, files[path].read_bytes())
    return buffer.getvalue()
