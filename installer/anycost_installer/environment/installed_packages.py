"""Checks the packages of an environment: each file against its hash in RECORD."""

import base64
import csv
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


def damaged_packages(environment: Path) -> list[DamagedPackage]:
    """Reads all files, which takes seconds. The packages with missing or different files."""
    folder = site_packages(environment)
    checked = (_checked(dist_info) for dist_info in sorted(folder.glob("*.dist-info"))) if folder else ()
    return [package for package in checked if package.damaged_files]


def force_reinstall(package: DamagedPackage) -> None:
    """Makes the next `pip install` copy the package again, see pip.remove_half_copied."""
    (package.dist_info / "INSTALLER").unlink(missing_ok=True)


def _checked(dist_info: Path) -> DamagedPackage:
    name = dist_info.name.split("-", 1)[0]
    try:
        rows = list(csv.reader((dist_info / "RECORD").read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return DamagedPackage(name, dist_info, (dist_info / "RECORD",))
    damaged_files = []
    for row in rows:
        if len(row) == 3 and row[1].startswith("sha256="):
            file = (dist_info.parent / row[0]).resolve()
            if _hash(file) != row[1].removeprefix("sha256="):
                damaged_files.append(file)
    return DamagedPackage(name, dist_info, tuple(damaged_files))


def _hash(file: Path) -> str:
    """The hash in the form of RECORD; "" for a file that cannot be read."""
    try:
        return base64.urlsafe_b64encode(bytes.fromhex(sha256_of(file))).rstrip(b"=").decode()
    except OSError:
        return ""
