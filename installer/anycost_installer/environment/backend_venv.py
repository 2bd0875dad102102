"""The private environment of the editors' backend, in the user's data folder: locked packages and this project.

Each release has a folder of its own, so that a new one is made beside the old. Only backend.json says which is used."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.folder_lock import alone
from anycost_installer.core.paths import Places
from anycost_installer.core.progress import Progress
from anycost_installer.core.version import our_version
from anycost_installer.environment.locked_packages import install_packages, install_project, install_torch
from anycost_installer.environment.pip import check
from anycost_installer.environment.running_backend import python_of_backend
from anycost_installer.environment.venv import Environment, Stamp, create, unstamped
from anycost_installer.lockfile.requirements import Lock, Target, read_lock, this_target
from anycost_installer.release import distribution
from anycost_installer.release.manifest import read_manifest

FOLDER = "environments"
GOING = ".old"  # ending of the folders of those that are being removed
ON_DISK = 1_700_000_000  # bytes, measured: Linux, Python 3.11
MODELS = 41_000_000  # bytes on disk
MODELS_DOWNLOAD = 78_000_000  # bytes: some lie in packages with much else


@dataclass(frozen=True)
class Part:
    """One thing that `prepare` or the fetching of models will do."""

    what: str
    path: Path
    size: int  # bytes on disk, about
    download: int = 0  # bytes, about


def release_of(root: Path, target: Target) -> str:
    """The version and what tells its contents from others of the same version: "0.1.0-3f9a1c2e"."""
    lock = read_lock(root, target)
    decisive = [target.key, distribution.digest_of(root), lock.text(*lock.packages, *lock.sources, lock.torch)]
    return f"{our_version(root)}-{hashlib.sha256(chr(0).join(decisive).encode()).hexdigest()[:8]}"


def environment_of(root: Path, places: Places, bundle: Path | None) -> Environment:
    """Where this release's environment is or will be. `bundle`: an unpacked one. Raises InstallError."""
    release = read_manifest(bundle).release if bundle else release_of(root, this_target())
    return Environment(root, places.data / FOLDER / release)


def plan(root: Path, places: Places, bundle: Path | None) -> list[Part]:
    """What is still to be done; nothing when all is there."""
    environment = environment_of(root, places, bundle)
    parts = []
    if not _complete(environment):
        download = 0 if bundle else read_lock(root, this_target()).download
        parts.append(
            Part("the backend, its packages and its Python environment", environment.folder, ON_DISK, download)
        )
    models = places.data / "models"
    if not models.is_dir():
        parts.append(Part("the model files", models, MODELS, 0 if bundle else MODELS_DOWNLOAD))
    return parts


def prepare(
    root: Path, places: Places, torch: str | None, bundle: Path | None, progress: Progress, again: bool = False
) -> Path:
    """Makes or completes the environment and returns its Python; nothing uses it yet.

    `again`: look at every package, though it counts as complete. Raises InstallError: what was used before is as it
    was, and the next run goes on from there."""
    if torch == "default":
        raise InstallError(
            "editors use the CPU build of torch; '--torch default' is for 'demo' and 'test'", "leave it out"
        )
    environment = environment_of(root, places, bundle)
    if not again and _complete(environment):
        progress.say(f"Private environment: ready ({environment.folder})")
        return environment.python
    lock = read_lock(root, this_target())
    with alone(places.data / FOLDER):
        return _prepared(environment, lock, bundle, progress)


def _prepared(environment: Environment, lock: Lock, bundle: Path | None, progress: Progress) -> Path:
    about = environment.about() or create(environment, progress)
    with unstamped(environment, about) as log:
        _fill(environment, lock, bundle, log, progress)
    environment.write_stamp(Stamp(environment.folder.name, (), "cpu"))
    return environment.python


def pip_arguments(bundle: Path | None) -> list[str]:
    """For `pip install`: from the bundle alone, where there is one."""
    return ["--no-index", "--find-links", str(bundle / "wheels")] if bundle else []


def folders(places: Places) -> list[Path]:
    """All of ours, complete or not."""
    folder = places.data / FOLDER
    return [folder] if folder.is_dir() else []


def tidy(places: Places, keep: Path, progress: Progress) -> list[Path]:
    """Removes the environments of other releases, and returns those; one that a backend runs in stays until next time.

    `keep`: the folder of the environment in use."""
    removed = []
    in_use = python_of_backend(places.run)
    for folder in sorted((places.data / FOLDER).glob("*")):
        if folder == keep or not folder.is_dir():
            continue
        if in_use and in_use.is_relative_to(folder):
            progress.say(f"{folder} is still in use by a running editor: it goes the next time.")
            continue
        going = folder if folder.name.endswith(GOING) else folder.with_name(f"{folder.name}{GOING}")
        try:
            os.replace(folder, going)  # whole or not at all: Windows does not rename what is in use
        except OSError:
            progress.say(f"{folder} is still in use by a running editor: it goes the next time.")
            continue
        with progress.step(f"Removing the former environment {folder.name}"):
            shutil.rmtree(going, ignore_errors=True)
        removed.append(folder)
    return removed


def _complete(environment: Environment) -> bool:
    stamp = environment.stamp()
    return stamp == Stamp(environment.folder.name, (), "cpu") and environment.about() is not None


def _fill(environment: Environment, lock: Lock, bundle: Path | None, log: TextIO, progress: Progress) -> None:
    more = pip_arguments(bundle)
    with progress.step(f"Installing {lock.torch}") as note:
        install_torch(environment, lock, more, log, note, progress.verbose)
    with progress.step(f"Installing {len(lock.packages)} packages") as note:
        install_packages(environment, lock, more, log, note, progress.verbose)
    with progress.step("Installing the backend") as note:
        install_project(environment, lock, bundle, log, note, progress.verbose)
    with progress.step("Checking that everything fits together"):
        check(environment.python, environment.root, log)
