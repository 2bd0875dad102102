"""What the installer reads from the checkout: pinned releases, and a fingerprint of what decides the environment.

Read as text: Python 3.10 has no TOML parser, and two facts do not need one.
"""

import hashlib
import re
from pathlib import Path

from anycost_installer.core.errors import InstallError

ROOT = Path(__file__).resolve().parents[3]

TABLE = re.compile(r"^(?=\[)", re.MULTILINE)


def read_pyproject(root: Path) -> str:
    try:
        return (root / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InstallError(
            f"{root / 'pyproject.toml'} is missing", "run the installer from a complete checkout"
        ) from None


def pinned(root: Path, package: str) -> str:
    """The pinned release of a package, such as `2.13.0`."""
    pins = re.findall(rf"""^\s*["']{package}==([^"']*)["']""", read_pyproject(root), re.MULTILINE)
    if len(pins) != 1 or not re.fullmatch(r"[\w.]+", pins[0]):
        raise InstallError(
            f"{root / 'pyproject.toml'} must pin {package} exactly once and has {pins}",
            f"write it as '{package}==X.Y.Z'",
        )
    return str(pins[0])


def torch_version(root: Path) -> str:
    return pinned(root, "torch")


def fingerprint(root: Path) -> str:
    """Changes whenever the environment must be installed anew: dependencies, packages, the place of the checkout."""
    # An editable install records the checkout's path and its top-level packages.
    decisive = [str(root), *sorted(path.name for path in root.glob("*/anycost_*") if path.is_dir())]
    for table in TABLE.split(read_pyproject(root)):
        if not table.startswith("[tool.") or table.startswith("[tool.setuptools"):
            decisive.append(table)  # settings of linters and tests decide nothing here
    return hashlib.sha256("\0".join(decisive).encode()).hexdigest()
