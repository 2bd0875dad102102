"""Reads pyproject.toml of the checkout: pinned releases, and a fingerprint of the dependencies.

It is read as text, because Python 3.10 has no TOML parser.
"""

import hashlib
import re
from pathlib import Path

from anycost_installer.core.errors import InstallError

ROOT = Path(__file__).resolve().parents[3]

TABLE = re.compile(r"^(?=\[)", re.MULTILINE)


def read_pyproject(root: Path) -> str:
    """Raises InstallError when the file is missing."""
    try:
        return (root / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InstallError(
            f"{root / 'pyproject.toml'} is missing", "run the installer from a complete checkout"
        ) from None


def project_version(root: Path) -> str:
    """Raises InstallError for an incomplete checkout."""
    found = re.search(r"""^\[project\][^\[]*?^version\s*=\s*["']([^"']+)["']""", read_pyproject(root), re.M | re.S)
    if not found:
        raise InstallError(f"{root / 'pyproject.toml'} names no version", "run the installer from a complete checkout")
    return found[1]


def pinned_version(root: Path, package: str) -> str:
    """The pinned release of a package, such as "2.13.0". Raises InstallError unless it is pinned exactly once."""
    pins = re.findall(rf"""^\s*["']{package}==([^"']*)["']""", read_pyproject(root), re.MULTILINE)
    if len(pins) != 1 or not re.fullmatch(r"[\w.]+", pins[0]):
        raise InstallError(
            f"{root / 'pyproject.toml'} must pin {package} exactly once and has {pins}",
            f"write it as '{package}==X.Y.Z'",
        )
    return str(pins[0])


def torch_version(root: Path) -> str:
    """The pinned release of torch. Raises InstallError as above."""
    return pinned_version(root, "torch")


def fingerprint(root: Path) -> str:
    """A hash of the dependencies, the packages and the checkout's path: another hash means a stale environment.

    Raises InstallError without pyproject.toml."""
    # An editable install records the checkout's path and its top-level packages.
    hashed = [str(root), *sorted(path.name for path in root.glob("*/anycost_*") if path.is_dir())]
    for table in TABLE.split(read_pyproject(root)):
        if not table.startswith("[tool.") or table.startswith("[tool.setuptools"):
            hashed.append(table)  # without the settings of linters and tests
    return hashlib.sha256("\0".join(hashed).encode()).hexdigest()
