"""A passing environment with the locked setuptools alone: wheels are built in it, and pip downloads from it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from anycost_installer.core.checkout import read_pyproject
from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import logged
from anycost_installer.environment.pip import pip
from anycost_installer.environment.prerequisites import check_venv
from anycost_installer.environment.venv import Environment
from anycost_installer.lockfile.requirements import read_lock, this_target


@contextmanager
def build_environment(root: Path, log: TextIO, progress: Progress) -> Iterator[Path]:
    """Yields its Python. Raises InstallError."""
    check_venv()
    with tempfile.TemporaryDirectory(prefix="anycost-build-", ignore_cleanup_errors=True) as folder:
        environment = Environment(root, Path(folder) / "environment")
        with progress.step("Making a passing environment to build in") as note:
            code, lines = logged([sys.executable, "-m", "venv", environment.folder], root, log)
            if code:
                said = next((line for line in reversed(lines) if line), f"exit {code}")
                raise InstallError(
                    f"making {environment.folder} failed: {said}", "fix that, then run the same command again"
                )
            listed = Path(folder) / "requirements.txt"
            listed.write_text(locked_setuptools(root), encoding="utf-8")
            arguments = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(listed)]
            failure = pip(environment.python, arguments, root, log, note, verbose=progress.verbose)
            if failure:
                raise failure.error("installing setuptools")
        yield environment.python


def locked_setuptools(root: Path) -> str:
    """The release that pyproject.toml builds with, and its hash. Raises InstallError."""
    lock = read_lock(root, this_target())
    for package in lock.packages:
        if package.startswith("setuptools==") and f'requires = ["{package}"]' in read_pyproject(root):
            return lock.text(package)
    raise InstallError(
        "pyproject.toml builds with another setuptools than was locked", "run '.venv/bin/python installer relock'"
    )
