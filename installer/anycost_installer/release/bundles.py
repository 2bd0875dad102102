"""Opens a bundle: unpacks it aside, every file checked against its hash, for as long as it is needed."""

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.lockfile.requirements import this_target
from anycost_installer.release.manifest import NAME, REMEDY, Manifest, Member, parsed, read_manifest

_MOST_MANIFEST = 4 << 20  # bytes
_BLOCK = 1 << 20
ASIDE = "bundle-"  # beginning of the folders that bundles are unpacked into


@contextmanager
def opened(file: Path | None, places: Places, progress: Progress) -> Iterator[Path | None]:
    """`file`: an archive, or a folder that one was unpacked into. Yields the folder with all that it holds; None for
    None. Raises InstallError for one that is damaged, or made for another machine."""
    if file is None:
        yield None
        return
    if file.is_dir():
        manifest = read_manifest(file)
        check_target(manifest, file)
        with progress.step("Checking the bundle"):
            for member in manifest.files:
                _each(member, file, file)
        yield file
        return
    with _archive(file) as archive:
        manifest = manifest_of(archive, file)
        check_target(manifest, file)
        made = [path for path in (places.cache, *places.cache.parents) if not path.exists()]
        folder = _room(file, manifest, places)
        try:
            with progress.step(f"Unpacking and checking {file.name}"):
                (folder / NAME).write_bytes(archive.read(NAME))
                for member in manifest.files:
                    target = folder / member.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as copy:
                        _each(member, archive, file, copy)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # one that is in use by now stays
                for path in made:
                    path.rmdir()


def manifest_of(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """Raises InstallError unless the archive says what it holds, and holds just that."""
    try:
        if archive.getinfo(NAME).file_size > _MOST_MANIFEST:
            raise InstallError(f"{file} is damaged", REMEDY)
        manifest = parsed(archive.read(NAME), file)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise InstallError(f"{file} is no bundle of this project, or only a part of one", REMEDY) from error
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    if any(sizes.get(member.path) != member.size for member in manifest.files):
        raise InstallError(f"{file} is damaged", REMEDY)
    return manifest


def check_target(manifest: Manifest, file: Path) -> None:
    here = this_target()
    if manifest.system != here.system:
        raise InstallError(
            f"{file} is for {manifest.target}, this machine is {here}",
            f"make one with 'python3 installer bundle --system {here.system} --python {here.python}'",
        )
    if manifest.python != here.python:
        raise InstallError(
            f"{file} is for Python {manifest.python}, this is {here.python}",
            f"run the installer with python{manifest.python}, or make a bundle with '--python {here.python}'",
        )


def _each(member: Member, source: zipfile.ZipFile | Path, file: Path, copy: BinaryIO | None = None) -> None:
    """Reads one member of an archive or folder, and compares. Raises InstallError."""
    digest, size = hashlib.sha256(), 0
    try:
        with (source / member.path).open("rb") if isinstance(source, Path) else source.open(member.path) as opened:
            while block := opened.read(_BLOCK):
                size += len(block)
                if size > member.size:
                    break
                digest.update(block)
                if copy:
                    copy.write(block)
    except (FileNotFoundError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InstallError(f"{file} is damaged at {member.path}", REMEDY) from error
    if size != member.size or digest.hexdigest() != member.sha256:
        raise InstallError(f"{file} is damaged at {member.path}", REMEDY)


@contextmanager
def _archive(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise InstallError(f"there is no file {file}", "name the file that 'python3 installer bundle' made") from error
    except zipfile.BadZipFile as error:
        raise InstallError(f"{file} is damaged or cut off", REMEDY) from error


def _room(file: Path, manifest: Manifest, places: Places) -> Path:
    """A new folder in the cache, with room for all of it; what earlier runs left there goes."""
    for folder in places.cache.glob(f"{ASIDE}*"):
        if not _alive(folder):
            shutil.rmtree(folder, ignore_errors=True)
    there = next(folder for folder in (places.cache, *places.cache.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if free < manifest.size:
        raise InstallError(
            (
                f"{places.cache} has {free / 1000000000.0:.1f} GB free, {manifest.size / 1000000000.0:.1f} GB "
                f"are needed to unpack {file.name}"
            ),
            "free some space, then run the same command again",
        )
    places.cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{ASIDE}{os.getpid()}-", dir=places.cache))


def _alive(folder: Path) -> bool:
    """Whether the process that unpacked it still runs."""
    words = folder.name.split("-")
    if os.name == "nt" or len(words) < 2 or not words[1].isdecimal():
        return os.name == "nt"
    try:
        os.kill(int(words[1]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
