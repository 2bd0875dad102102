"""A temporary environment with the locked setuptools only: for building wheels and for `pip download`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from anycost_installer.core.checkout import read_pyproject
from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.environment.pip import run_pip
from anycost_installer.environment.venv import Environment, check_venv_modules, make_venv
from anycost_installer.lockfile.requirements import read_lock, this_target


@contextmanager
def build_environment(root: Path, log: TextIO, progress: Progress) -> Iterator[Path]:
    """Yields the Python of the environment, which exists while the block runs. Raises InstallError."""
    check_venv_modules()
    with tempfile.TemporaryDirectory(prefix="anycost-build-", ignore_cleanup_errors=True) as folder:
        environment = Environment(root, Path(folder) / "environment")
        with progress.step("Making a temporary environment for building") as note:
            make_venv(environment, log)
            requirements = Path(folder) / "requirements.txt"
            requirements.write_text(locked_setuptools(root), encoding="utf-8")
            arguments = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(requirements)]
            failure = run_pip(environment.python, arguments, root, log, note, verbose=progress.verbose)
            if failure:
                raise failure.to_error("installing setuptools")
        yield environment.python


def locked_setuptools(root: Path) -> str:
    """A requirements file with the setuptools of [build-system], and its hash. Raises InstallError."""
    lock = read_lock(root, this_target())
    for package in lock.packages:
        if package.startswith("setuptools==") and f'requires = ["{package}"]' in read_pyproject(root):
            return lock.requirements(package)
    raise InstallError(
        "pyproject.toml builds with another setuptools than was locked", "run '.venv/bin/python installer relock'"
    )
