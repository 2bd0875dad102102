"""Opens a bundle: unpacks it into the cache folder, checks every file, and removes it afterwards."""

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
from anycost_installer.core.files import check_free_space, copy_and_hash
from anycost_installer.core.paths import Paths
from anycost_installer.core.processes import is_running
from anycost_installer.core.progress import Progress
from anycost_installer.lockfile.requirements import this_target
from anycost_installer.release.manifest import MANIFEST, REMEDY, Manifest, Member, parse_manifest, read_manifest

_MAX_MANIFEST_BYTES = 4 << 20
UNPACKED_PREFIX = "bundle-"  # of the folders into which bundles are unpacked


@contextmanager
def open_bundle(file: Path | None, paths: Paths, progress: Progress) -> Iterator[Path | None]:
    """Yields the folder with the bundle's files; None for None. `file`: a bundle, or the folder of an unpacked one.

    Raises InstallError for a bundle that is damaged or for another machine, and when the disk is too small."""
    if file is None:
        yield None
        return
    if file.is_dir():
        manifest = read_manifest(file)
        check_target(manifest, file)
        _show(manifest, progress)
        with progress.step("Checking the bundle"):
            for member in manifest.files:
                _check_member(member, file, file)
        yield file
        return
    with _open_archive(file) as archive:
        manifest = manifest_in_archive(archive, file)
        check_target(manifest, file)
        _show(manifest, progress)
        created = [path for path in (paths.cache, *paths.cache.parents) if not path.exists()]
        folder = _unpack_folder(file, manifest, paths)
        try:
            with progress.step(f"Unpacking and checking {file.name}"):
                (folder / MANIFEST).write_bytes(archive.read(MANIFEST))
                for member in manifest.files:
                    target = folder / member.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as copy:
                        _check_member(member, archive, file, copy)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # not empty any more
                for path in created:
                    path.rmdir()


def _show(manifest: Manifest, progress: Progress) -> None:
    progress.say(f"The bundle's fingerprint: {manifest.fingerprint}")
    progress.say("Go on only if whoever made it names the same.")


def manifest_in_archive(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """Raises InstallError when the archive has no manifest, or files of other sizes."""
    try:
        if archive.getinfo(MANIFEST).file_size > _MAX_MANIFEST_BYTES:
            raise InstallError(f"{file} is damaged", REMEDY)
        manifest = parse_manifest(archive.read(MANIFEST), file)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise InstallError(f"{file} is no bundle of this project, or only a part of one", REMEDY) from error
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    if any(sizes.get(member.path) != member.size for member in manifest.files):
        raise InstallError(f"{file} is damaged", REMEDY)
    return manifest


def check_target(manifest: Manifest, file: Path) -> None:
    """Raises InstallError when the bundle is for another system or Python."""
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


def _check_member(member: Member, source: zipfile.ZipFile | Path, file: Path, copy: BinaryIO | None = None) -> None:
    """Reads a member, checks size and hash, and writes it to `copy`. Raises InstallError."""
    try:
        with (source / member.path).open("rb") if isinstance(source, Path) else source.open(member.path) as stream:
            sha256, size = copy_and_hash(stream, copy, member.size)
    except (FileNotFoundError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InstallError(f"{file} is damaged at {member.path}", REMEDY) from error
    if (sha256, size) != (member.sha256, member.size):
        raise InstallError(f"{file} is damaged at {member.path}", REMEDY)


@contextmanager
def _open_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise InstallError(f"there is no file {file}", "name the file that 'python3 installer bundle' made") from error
    except zipfile.BadZipFile as error:
        raise InstallError(f"{file} is damaged or cut off", REMEDY) from error


def _unpack_folder(file: Path, manifest: Manifest, paths: Paths) -> Path:
    """Makes a folder in the cache; removes those of earlier runs. Raises InstallError when the disk is too small."""
    for folder in paths.cache.glob(f"{UNPACKED_PREFIX}*"):
        pid = folder.name.removeprefix(UNPACKED_PREFIX).partition("-")[0]
        if not (pid.isdecimal() and is_running(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)
    check_free_space(paths.cache, manifest.size, f" to unpack {file.name}")
    paths.cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{UNPACKED_PREFIX}{os.getpid()}-", dir=paths.cache))
