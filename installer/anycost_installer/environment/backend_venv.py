"""The backend's environment in the user's data folder: locked packages and this project.

Each release has its own folder, so that a new one is made beside the old one. backend.json names the one in use."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from anycost_installer.core.checkout import project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.file_lock import file_lock
from anycost_installer.core.paths import Paths
from anycost_installer.core.processes import command_line
from anycost_installer.core.progress import Progress
from anycost_installer.environment.locked_packages import install_packages, install_project
from anycost_installer.environment.pip import check_packages
from anycost_installer.environment.venv import Environment, Stamp, create_venv, marked_incomplete
from anycost_installer.lockfile.requirements import Lock, Target, read_lock, this_target
from anycost_installer.release import distribution
from anycost_installer.release.manifest import read_manifest

REMOVING = ".old"  # suffix of folders that are being removed
ENVIRONMENT_BYTES = 800_000_000  # bytes, measured: Linux, Python 3.11
MODELS_BYTES = 41_000_000  # bytes on disk
MODELS_DOWNLOAD_BYTES = 78_000_000  # bytes: some models come in larger packages


@dataclass(frozen=True)
class PlannedPart:
    """Something that an installation puts on the disk."""

    what: str
    path: Path
    size: int  # bytes on disk, about
    download: int = 0  # bytes, about


def release_id(root: Path, target: Target) -> str:
    """The version and a hash of sources and locked packages: "0.1.0-3f9a1c2e". Raises InstallError."""
    lock = read_lock(root, target)
    hashed = [
        target.key,
        distribution.source_digest(root),
        lock.requirements(*lock.releases),
    ]
    return f"{project_version(root)}-{hashlib.sha256(chr(0).join(hashed).encode()).hexdigest()[:8]}"


def backend_environment(root: Path, paths: Paths, bundle: Path | None) -> Environment:
    """The environment of this release; it need not exist. `bundle`: an unpacked one. Raises InstallError."""
    release = read_manifest(bundle).release if bundle else release_id(root, this_target())
    return Environment(root, environments_folder(paths) / release)


def plan(root: Path, paths: Paths, bundle: Path | None) -> list[PlannedPart]:
    """What `prepare` and the fetching of models will still put on the disk. Raises InstallError."""
    environment = backend_environment(root, paths, bundle)
    parts = []
    if not _complete(environment):
        download = 0 if bundle else read_lock(root, this_target()).download
        parts.append(
            PlannedPart(
                "the backend, its packages and its Python environment", environment.folder, ENVIRONMENT_BYTES, download
            )
        )
    models = paths.data / "models"
    if not models.is_dir():
        parts.append(PlannedPart("the model files", models, MODELS_BYTES, 0 if bundle else MODELS_DOWNLOAD_BYTES))
    return parts


def prepare(root: Path, paths: Paths, bundle: Path | None, progress: Progress, recheck: bool = False) -> Path:
    """Makes or completes the environment of this release and returns its Python. backend.json stays as it is.

    `recheck`: have pip look at every package of a complete environment too. Raises InstallError; the next run then
    continues."""
    environment = backend_environment(root, paths, bundle)
    if not recheck and _complete(environment):
        progress.say(f"Private environment: ready ({environment.folder})")
        return environment.python
    if bundle:
        _check_origin(root, bundle)
    lock = read_lock(root, this_target())
    with file_lock(environments_folder(paths)):
        return _prepared(environment, lock, bundle, progress)


def _check_origin(root: Path, bundle: Path) -> None:
    """Raises InstallError where a checkout installs a bundle that was not made from it. In a bundle that installs
    itself there is nothing to compare with: its fingerprint is shown before it is installed."""
    if not distribution.is_checkout(root):
        return
    release, own = read_manifest(bundle).release, release_id(root, this_target())
    if release != own:
        raise InstallError(
            f"the bundle is of the release {release}, this checkout is {own}",
            "make a bundle from this checkout, or run the installer that is in the bundle",
        )
    for wheel in (bundle / "wheels").glob("anycost_face_editor-*.whl"):
        distribution.check_wheel(wheel, root)


def _prepared(environment: Environment, lock: Lock, bundle: Path | None, progress: Progress) -> Path:
    info = environment.inspect() or create_venv(environment, progress)
    with marked_incomplete(environment, info) as log:
        _fill(environment, lock, bundle, log, progress)
    environment.write_stamp(Stamp(environment.folder.name, ()))
    return environment.python


def pip_arguments(bundle: Path | None) -> list[str]:
    """Options for `pip install`: packages come from the bundle only, if there is one."""
    return ["--no-index", "--find-links", str(bundle / "wheels")] if bundle else []


def environments_folder(paths: Paths) -> Path:
    """The folder of all environments; it need not exist."""
    return paths.data / "environments"


def remove_old_environments(paths: Paths, keep: Path, progress: Progress) -> list[Path]:
    """Removes the environments of other releases and returns their folders. That of a running backend stays.

    `keep`: the folder of the environment in use."""
    removed = []
    in_use = running_backend_python(paths.run)
    for folder in sorted(environments_folder(paths).glob("*")):
        if folder == keep or not folder.is_dir():
            continue
        if in_use and in_use.is_relative_to(folder):
            progress.say(f"{folder} is still in use by a running editor. It will be removed the next time.")
            continue
        renamed = folder if folder.name.endswith(REMOVING) else folder.with_name(f"{folder.name}{REMOVING}")
        try:
            os.replace(folder, renamed)  # fails on Windows when a file is in use
        except OSError:
            progress.say(f"{folder} is still in use by a running editor. It will be removed the next time.")
            continue
        with progress.step(f"Removing the former environment {folder.name}"):
            shutil.rmtree(renamed, ignore_errors=True)
        removed.append(folder)
    return removed


def running_backend_python(run: Path) -> Path | None:
    """`run`: the folder of the connection file. None when no backend runs or its Python is unknown."""
    try:
        pid = int(json.loads((run / "connection.json").read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    words = command_line(pid)
    return Path(words[0]) if words and "anycost_backend" in " ".join(words) else None


def _complete(environment: Environment) -> bool:
    stamp = environment.stamp()
    return stamp == Stamp(environment.folder.name, ()) and environment.inspect() is not None


def _fill(environment: Environment, lock: Lock, bundle: Path | None, log: TextIO, progress: Progress) -> None:
    pip_options = pip_arguments(bundle)
    with progress.step(f"Installing {len(lock.packages)} packages") as note:
        install_packages(environment, lock, pip_options, log, note, progress.verbose)
    with progress.step("Installing the backend") as note:
        install_project(environment, lock, bundle, log, note, progress.verbose)
    with progress.step("Checking that everything fits together"):
        check_packages(environment.python, environment.root, log)
