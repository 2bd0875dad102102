"""Whether the packages of a private environment are as they were installed: each file against the hash in RECORD."""

import base64
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    name: str  # such as "numpy"
    about: Path  # its dist-info
    wrong: tuple[Path, ...]  # files that are missing or differ


def site_packages(environment: Path) -> Path | None:
    """None where there is no environment."""
    found = [*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]
    return found[0] if found else None


def damaged(environment: Path) -> list[Package]:
    """Reads everything: some seconds. Packages of which something is wrong."""
    folder = site_packages(environment)
    checked = (_checked(about) for about in sorted(folder.glob("*.dist-info"))) if folder else ()
    return [package for package in checked if package.wrong]


def forget(package: Package) -> None:
    """pip then copies it anew."""
    (package.about / "INSTALLER").unlink(missing_ok=True)


def _checked(about: Path) -> Package:
    name = about.name.split("-", 1)[0]
    try:
        rows = list(csv.reader((about / "RECORD").read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return Package(name, about, (about / "RECORD",))
    wrong = []
    for row in rows:
        if len(row) == 3 and row[1].startswith("sha256="):
            file = (about.parent / row[0]).resolve()
            if _hash(file) != row[1].removeprefix("sha256="):
                wrong.append(file)
    return Package(name, about, tuple(wrong))


def _hash(file: Path) -> str:
    """As RECORD writes it; "" for a file that cannot be read."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
