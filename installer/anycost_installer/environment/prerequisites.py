"""Checks before an environment is made: the venv modules and free disk space."""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from anycost_installer.core.errors import InstallError

GB = 1e9

# Measured: 1.9 GB of packages, 0.1 GB of models. pip unpacks wheels in the temporary folder.
CPU_BUILD_GB = (3.0, 1.0)  # GB beside the environment, GB in the temporary folder
LARGE_BUILD_GB = (10.0, 4.0)


def check_venv_modules() -> None:
    """Raises InstallError when this Python lacks venv or ensurepip, as on Debian and Ubuntu."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise InstallError(
            f"this Python cannot make a private environment ({' and '.join(missing)} missing)",
            f"install them (Debian and Ubuntu: sudo apt install python{version}-venv; elsewhere: Python from "
            "python.org), then run the same command again",
        )


def check_disk_space(folder: Path, large: bool = False) -> None:
    """`folder`: will hold the environment; it need not exist. `large`: for torch with GPU libraries.

    Raises InstallError when there is too little space."""
    beside, in_temporary = LARGE_BUILD_GB if large else CPU_BUILD_GB
    there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    for checked, needed in ((there, beside), (Path(tempfile.gettempdir()), in_temporary)):
        free = shutil.disk_usage(checked).free / GB
        if free < needed:
            raise InstallError(
                f"{checked} has {free:.1f} GB free, {needed:.0f} GB are needed",
                "free some space"
                + ("" if checked == there else " or set TMPDIR to a roomier folder")
                + ", then run the same command again",
            )
