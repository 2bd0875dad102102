"""Has pip install what was locked, each file against its hash, into a private environment."""

import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Note
from anycost_installer.environment.pip import Failure, pip
from anycost_installer.environment.venv import Environment
from anycost_installer.lockfile.requirements import Lock
from anycost_installer.lockfile.torch_index import sources
from anycost_installer.release import distribution
from anycost_installer.release.manifest import REMEDY

HASHED = ("--require-hashes", "--no-deps")


def install_torch(
    environment: Environment, lock: Lock, more: Sequence[str], log: TextIO, note: Note, verbose: bool
) -> None:
    """The CPU build, from the first source that has it. `more`: arguments for pip. Raises InstallError."""
    version = lock.torch.partition("==")[2].partition("+")[0]
    failure = None
    for source in sources(version, "cpu", platform.system()):
        if source.large or (source.remote and "--no-index" in more):
            continue
        note(source.title)
        requirement, *options = source.arguments
        arguments = [*HASHED, "--only-binary", ":all:", *more, *options]
        failure = _pip(environment, arguments, lock.text(requirement), log, note, verbose)
        if failure is None:
            return
        if failure.network and not source.remote:
            break
    if failure:
        raise failure.error(f"installing {lock.torch}")


def install_packages(
    environment: Environment, lock: Lock, more: Sequence[str], log: TextIO, note: Note, verbose: bool
) -> None:
    arguments = [*HASHED, "--only-binary", ":all:", *more]
    failure = _pip(environment, arguments, lock.text(*lock.packages), log, note, verbose)
    if failure:
        raise failure.error("installing packages")


def install_project(
    environment: Environment, lock: Lock, bundle: Path | None, log: TextIO, note: Note, verbose: bool
) -> None:
    """A copy of this project: the checkout may go away afterwards. And what comes as source only: it is built with
    the setuptools that was locked. A bundle has both built."""
    if bundle:
        names = [*(name.partition("==")[0] for name in lock.sources), "anycost_face_editor"]
        _install_wheels(environment, [_wheel(bundle, name) for name in names], log, note)
        return
    if lock.sources:
        arguments = [*HASHED, "--no-build-isolation"]
        failure = _pip(environment, arguments, lock.text(*lock.sources), log, note, verbose)
        if failure:
            raise failure.error("installing packages")
    with tempfile.TemporaryDirectory(prefix="anycost-", ignore_cleanup_errors=True) as folder:
        note("building its wheel")
        wheel = distribution.build("wheel", environment.python, environment.root, Path(folder), log)
        _install_wheels(environment, [wheel], log, note)


def _install_wheels(environment: Environment, wheels: Sequence[Path], log: TextIO, note: Note) -> None:
    """Files that were checked or made here."""
    arguments = ["--no-index", "--no-deps", "--force-reinstall", *(str(wheel) for wheel in wheels)]
    failure = pip(environment.python, arguments, environment.root, log, note)
    if failure:
        raise failure.error("installing the backend")


def _wheel(bundle: Path, name: str) -> Path:
    found = list((bundle / "wheels").glob(f"{name}-*.whl"))
    if len(found) != 1:
        raise InstallError(f"the bundle lacks {name}", REMEDY)
    return found[0]


def _pip(
    environment: Environment, arguments: Sequence[str], requirements: str, log: TextIO, note: Note, verbose: bool
) -> Failure | None:
    with tempfile.TemporaryDirectory(prefix="anycost-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements, encoding="utf-8")
        words = [*arguments, "--requirement", str(file)]
        return pip(environment.python, words, environment.root, log, note, verbose=verbose)
