"""Checks the packages of an environment: whether all are there, and each file against its size or hash in RECORD."""

import base64
import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.files import sha256_of


@dataclass(frozen=True)
class DamagedPackage:
    name: str  # such as "numpy"
    dist_info: Path  # the .dist-info folder
    damaged_files: tuple[Path, ...]  # missing or different


def site_packages(environment: Path) -> Path | None:
    """None when there is no environment."""
    found = [*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]
    return found[0] if found else None


def damaged_packages(environment: Path, quick: bool = False) -> list[DamagedPackage]:
    """The packages with missing or different files. `quick`: by their sizes alone; else all are read: seconds."""
    folder = site_packages(environment)
    checked = (_checked(dist_info, quick) for dist_info in sorted(folder.glob("*.dist-info"))) if folder else ()
    return [package for package in checked if package.damaged_files]


def missing_packages(environment: Path, releases: Iterable[str]) -> list[str]:
    """Names of those "name==version" of which pip's notes are gone."""
    folder = site_packages(environment)
    there = {_normalized(path.name.split("-", 1)[0]) for path in folder.glob("*.dist-info")} if folder else set()
    names = (release.partition("==")[0] for release in releases)
    return [name for name in names if _normalized(name) not in there]


def force_reinstall(package: DamagedPackage) -> None:
    """Makes the next `pip install` copy the package again, see pip.remove_half_copied."""
    (package.dist_info / "INSTALLER").unlink(missing_ok=True)


def _checked(dist_info: Path, quick: bool) -> DamagedPackage:
    name = dist_info.name.split("-", 1)[0]
    try:
        rows = list(csv.reader((dist_info / "RECORD").read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return DamagedPackage(name, dist_info, (dist_info / "RECORD",))
    damaged_files = []
    for row in rows:
        if len(row) == 3 and row[1].startswith("sha256="):
            file = (dist_info.parent / row[0]).resolve()
            same = str(_size(file)) == row[2] if quick else _hash(file) == row[1].removeprefix("sha256=")
            if not same:
                damaged_files.append(file)
    return DamagedPackage(name, dist_info, tuple(damaged_files))


def _hash(file: Path) -> str:
    """The hash in the form of RECORD; "" for a file that cannot be read."""
    try:
        return base64.urlsafe_b64encode(bytes.fromhex(sha256_of(file))).rstrip(b"=").decode()
    except OSError:
        return ""


def _size(file: Path) -> int:
    """Bytes; -1 for a file that is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _normalized(name: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()
