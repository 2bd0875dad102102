"""Installs the locked packages and this project with pip; pip checks the hash of each file."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Note
from anycost_installer.environment.pip import PipFailure, run_pip
from anycost_installer.environment.venv import Environment
from anycost_installer.lockfile.requirements import Lock
from anycost_installer.release import distribution
from anycost_installer.release.manifest import REMEDY

HASHES_REQUIRED = ("--require-hashes", "--no-deps")


def install_packages(
    environment: Environment, lock: Lock, pip_options: Sequence[str], log: TextIO, note: Note, verbose: bool
) -> None:
    """Installs all locked wheels. Raises InstallError."""
    arguments = [*HASHES_REQUIRED, "--only-binary", ":all:", *pip_options]
    failure = _install(environment, arguments, lock.requirements(*lock.packages), log, note, verbose)
    if failure:
        raise failure.to_error("installing packages")


def install_project(
    environment: Environment, lock: Lock, bundle: Path | None, log: TextIO, note: Note, verbose: bool
) -> None:
    """Installs a copy of this project, which needs no checkout, and the packages without a wheel.

    They are built with the locked setuptools; a bundle has their wheels. Raises InstallError."""
    if bundle:
        names = [*(name.partition("==")[0] for name in lock.sources), "anycost_face_editor"]
        _install_wheels(environment, [_wheel(bundle, name) for name in names], log, note)
        return
    if lock.sources:
        arguments = [*HASHES_REQUIRED, "--no-build-isolation"]
        failure = _install(environment, arguments, lock.requirements(*lock.sources), log, note, verbose)
        if failure:
            raise failure.to_error("installing packages")
    with tempfile.TemporaryDirectory(prefix="anycost-", ignore_cleanup_errors=True) as folder:
        note("building its wheel")
        wheel = distribution.build("wheel", environment.python, environment.root, Path(folder), log)
        _install_wheels(environment, [wheel], log, note)


def _install_wheels(environment: Environment, wheels: Sequence[Path], log: TextIO, note: Note) -> None:
    """Installs wheels that the bundle check verified or that were built here. Raises InstallError."""
    arguments = ["--no-index", "--no-deps", "--force-reinstall", *(str(wheel) for wheel in wheels)]
    failure = run_pip(environment.python, arguments, environment.root, log, note)
    if failure:
        raise failure.to_error("installing the backend")


def _wheel(bundle: Path, name: str) -> Path:
    found = list((bundle / "wheels").glob(f"{name}-*.whl"))
    if len(found) != 1:
        raise InstallError(f"the bundle lacks {name}", REMEDY)
    return found[0]


def _install(
    environment: Environment, arguments: Sequence[str], requirements: str, log: TextIO, note: Note, verbose: bool
) -> PipFailure | None:
    with tempfile.TemporaryDirectory(prefix="anycost-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements, encoding="utf-8")
        words = [*arguments, "--requirement", str(file)]
        return run_pip(environment.python, words, environment.root, log, note, verbose=verbose)
