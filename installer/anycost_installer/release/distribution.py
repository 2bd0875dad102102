"""Builds the project's wheel and sdist reproducibly: from a clean copy, with fixed times."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import files_below, replacing
from anycost_installer.core.subprocesses import last_line, output_of, run_logged

PACKAGES = ("models/anycost_models", "backend/anycost_backend", "plugin/anycost_client")
TOP_LEVEL_FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
# Of a wheel's description: none of them is run. Its entry points are checked by what they name.
_METADATA = ("METADATA", "WHEEL", "RECORD", "top_level.txt", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE")
ZIP_EPOCH = 315_532_800  # seconds since 1970: ZIP files store no earlier time

# The umask decides the permissions of files that setuptools generates.
BUILD_SCRIPT = """
import os, sys
os.umask(0o022)
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""


def source_files(root: Path) -> list[Path]:
    """The files of the wheel, relative to `root`, sorted. Raises InstallError for an incomplete checkout."""
    files = [Path(name) for name in TOP_LEVEL_FILES]
    for package in map(Path, PACKAGES):
        files += [package / path for path in files_below(root / package)]
    missing = [name for name in (*PACKAGES, *TOP_LEVEL_FILES) if not (root / name).exists()]
    if missing:
        raise InstallError(f"{root / missing[0]} is missing", "run the installer from a complete checkout")
    return sorted(files)


def is_checkout(root: Path) -> bool:
    """Whether the sources of the wheel are there: a bundle has the installer and the plug-ins alone."""
    return all((root / package).is_dir() for package in PACKAGES)


def check_wheel(wheel: Path, root: Path) -> None:
    """Compares the wheel's modules and data with the sources: a bundle's manifest vouches for nothing but itself.

    Raises InstallError where one is another's, or one more."""
    sources = {path.relative_to(path.parts[0]).as_posix(): path for path in source_files(root) if len(path.parts) > 1}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                folder, _, file = name.partition("/")
                if folder.endswith(".dist-info") and file in _METADATA:
                    continue
                if name not in sources or archive.read(name) != (root / sources[name]).read_bytes():
                    raise InstallError(
                        f"the bundle's project is not this checkout's: {name} differs",
                        "get the bundle again from whom you trust, or make it from this checkout",
                    )
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise InstallError(f"{wheel.name} of the bundle is damaged", "get the bundle again") from error


def source_digest(root: Path) -> str:
    """A hash of all source_files. Raises InstallError for an incomplete checkout."""
    digest = hashlib.sha256()
    for path in source_files(root):
        content = (root / path).read_bytes()
        digest.update(f"{path.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def build(kind: str, python: Path, root: Path, folder: Path, log: TextIO | None = None) -> Path:
    """Builds a "wheel" or "sdist" into `folder` and returns the file. `python`: one with the pinned setuptools.

    Raises InstallError."""
    with _clean_copy(root) as copy:
        variables = {"SOURCE_DATE_EPOCH": str(source_date(root)), "PYTHONHASHSEED": "0", "LC_ALL": "C"}
        code, lines = run_logged([python, "-c", BUILD_SCRIPT, kind, copy.parent], copy, log, variables=variables)
        made = copy.parent / (lines[-1] if lines else "")
        if code or not made.is_file():
            raise InstallError(
                f"building the {kind} failed: {last_line(lines, code)}", "fix that, then run the same command again"
            )
        if kind == "sdist":
            _normalise(made, source_date(root))
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / made.name) as temporary:
            shutil.copyfile(made, temporary)
        return folder / made.name


def source_date(root: Path) -> int:
    """The time of all built files, in seconds since 1970: SOURCE_DATE_EPOCH, or the time of the last commit."""
    with suppress(ValueError):
        return max(ZIP_EPOCH, int(os.environ.get("SOURCE_DATE_EPOCH", "")))
    with suppress(ValueError):
        return max(ZIP_EPOCH, int(output_of(["git", "-C", str(root), "log", "-1", "--format=%ct"])))
    return ZIP_EPOCH


@contextmanager
def _clean_copy(root: Path) -> Iterator[Path]:
    """Copies source_files with fixed permissions, because setuptools packs everything in its working folder."""
    with tempfile.TemporaryDirectory(prefix="anycost-build-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "source"
        for path in source_files(root):
            target = copy / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, target)
            target.chmod(0o644)
        yield copy


def _normalise(archive: Path, date: int) -> None:
    """Rewrites a .tar.gz with a fixed order, fixed times, owners and permissions."""
    with (
        replacing(archive) as temporary,
        tarfile.open(archive, "r:gz") as original,
        temporary.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=date) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as normalised,
    ):
        for member in sorted(original.getmembers(), key=lambda member: member.name):
            clean = tarfile.TarInfo(member.name)
            clean.size, clean.type, clean.mtime = member.size, member.type, date
            clean.mode = 0o755 if member.isdir() else 0o644
            normalised.addfile(clean, original.extractfile(member) if member.isfile() else None)
