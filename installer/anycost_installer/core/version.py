"""The version of this project."""

import re
from pathlib import Path

from anycost_installer.core.checkout import read_pyproject
from anycost_installer.core.errors import InstallError


def project_version(root: Path) -> str:
    """Raises InstallError for an incomplete checkout."""
    found = re.search(r"""^\[project\][^\[]*?^version\s*=\s*["']([^"']+)["']""", read_pyproject(root), re.M | re.S)
    if not found:
        raise InstallError(f"{root / 'pyproject.toml'} names no version", "run the installer from a complete checkout")
    return found[1]
