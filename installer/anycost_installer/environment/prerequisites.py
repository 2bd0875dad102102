"""What this machine must offer before anything is made: the venv modules and free disk."""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from anycost_installer.core.errors import InstallError

GB = 1e9

# Measured: 1.9 GB of packages and 0.1 GB of models; pip unpacks wheels in the temporary folder first.
CPU_BUILD = (3.0, 1.0)  # GB where it lies, GB in the temporary folder
LARGE_BUILD = (10.0, 4.0)


def check_venv() -> None:
    """Debian and Ubuntu split these modules off into a package of their own."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise InstallError(
            f"this Python cannot make a private environment ({' and '.join(missing)} missing)",
            f"install them (Debian and Ubuntu: sudo apt install python{version}-venv; elsewhere: Python from "
            "python.org), then run the same command again",
        )


def check_disk(place: Path, large: bool = False) -> None:
    """`place`: where the environment comes to lie, there or not; `large`: room for torch with GPU libraries."""
    in_place, in_temporary = LARGE_BUILD if large else CPU_BUILD
    there = next(folder for folder in (place, *place.absolute().parents) if folder.is_dir())
    for folder, needed in ((there, in_place), (Path(tempfile.gettempdir()), in_temporary)):
        free = shutil.disk_usage(folder).free / GB
        if free < needed:
            raise InstallError(
                f"{folder} has {free:.1f} GB free, {needed:.0f} GB are needed",
                "free some space"
                + ("" if folder == there else " or set TMPDIR to a roomier folder")
                + ", then run the same command again",
            )
