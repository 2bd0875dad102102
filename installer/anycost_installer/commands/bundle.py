"""`bundle`: makes one executable archive with all that `install` needs on a machine without a network."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from anycost_installer.backend.models import fetch_models, model_sources
from anycost_installer.core.checkout import pinned_version, project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import check_free_space, files_below, format_size, replacing, sha256_of
from anycost_installer.core.progress import Note, Progress
from anycost_installer.environment.backend_venv import MODELS_BYTES, release_id
from anycost_installer.environment.build_venv import build_environment
from anycost_installer.environment.pip import run_pip
from anycost_installer.environment.venv import prepare_venv
from anycost_installer.lockfile.requirements import (
    LOCK_FILE,
    PYTHONS,
    SYSTEMS,
    Lock,
    Target,
    read_lock,
    this_target,
)
from anycost_installer.release import distribution
from anycost_installer.release.manifest import MANIFEST, Manifest, Member

TOP_LEVEL_FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", LOCK_FILE)
PROJECT_BYTES = 60_000_000  # bytes of the project's wheel, about
PLUGIN_PYTHONS = ("3.10", "3.11", "3.12")  # of editors: the plug-in brings pyzmq for each
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same content gives the same file


def bundle(
    root: Path, file: Path | None, system: str | None, python: str | None, dry_run: bool, progress: Progress
) -> int:
    """Makes `file` (None: named by system, in `dist`) and returns the exit code, 0.

    `system`, `python`: of the other machine; None: as here. Raises InstallError; a former file then stays."""
    target = target_of(system, python)
    lock = read_lock(root, target)
    version = project_version(root)
    file = (
        file or root / "dist" / f"anycost-face-editor-{version}-{target.system}-python{target.python}.pyz"
    ).absolute()
    whole = lock.download + PROJECT_BYTES + MODELS_BYTES
    progress.say(f"Anycost Face Editor {version} for {target}: {file}")
    for size, what in (
        (lock.download, f"{len(lock.packages) + len(lock.sources) + 1} packages"),
        (PROJECT_BYTES, "the backend and the plug-ins"),
        (MODELS_BYTES, "the model files"),
        (whole, "together, about; twice that while it is made"),
    ):
        progress.say(f"    {format_size(size):>9}  {what}")
    if dry_run:
        progress.say("\nNothing was made: this was a dry run.")
        return 0
    stage = file.with_name(f"{file.name}.stage")  # stays after an interruption: the next run uses its downloads
    _begin(stage, target)
    check_free_space(stage, 2 * whole)
    backend = prepare_venv(root, "", None, progress)
    fetch_models(backend, root, progress)
    with (stage / "bundle.log").open("a", encoding="utf-8") as log, build_environment(root, log, progress) as builder:
        _collect(stage, root, target, lock, builder, log, progress)
    _models(stage, root, backend, progress)
    _installer(stage, root, target)
    manifest = Manifest(version, release_id(root, target), target.system, target.python, members(stage))
    with progress.step(f"Packing {file.name}"):
        pack(stage, manifest, file)
    shutil.rmtree(stage, ignore_errors=True)
    progress.say(f"\n{file}: {format_size(file.stat().st_size)}")
    progress.say(f"Its fingerprint: {manifest.fingerprint}")
    progress.say("The installer shows it too: tell it to whoever installs the bundle by another way than the bundle's.")
    progress.say(f"On the other machine, with Python {target.python}: python{target.python} {file.name} install")
    return 0


def _begin(stage: Path, target: Target) -> None:
    """Makes the folder, or keeps that of an interrupted run for the same target."""
    target_file = stage / "bundle.target"
    if stage.exists() and not (target_file.is_file() and target_file.read_text(encoding="utf-8") == target.key):
        shutil.rmtree(stage)
    stage.mkdir(parents=True, exist_ok=True)
    target_file.write_text(target.key, encoding="utf-8")


def target_of(system: str | None, python: str | None) -> Target:
    """None: as on this machine. Raises InstallError for an unsupported target."""
    here = this_target()
    target = Target(system or here.system, python or here.python)
    names = [known.name for known in SYSTEMS]
    if target.system not in names or target.python not in PYTHONS:
        raise InstallError(f"no bundle for {target}", f"choose {' or '.join(names)}, with Python {', '.join(PYTHONS)}")
    return target


def members(stage: Path) -> tuple[Member, ...]:
    """The files of the bundle, sorted."""
    found = []
    for path in sorted(path for path in stage.rglob("*") if path.is_file()):
        name = path.relative_to(stage).as_posix()
        if name not in ("bundle.log", "bundle.target", MANIFEST):
            found.append(Member(name, path.stat().st_size, sha256_of(path)))
    return tuple(found)


def pack(stage: Path, manifest: Manifest, file: Path) -> None:
    """Writes the archive atomically."""
    # Uncompressed, because the large files are compressed already.
    with replacing(file) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, FIRST_DATE), manifest.to_json())
        for member in manifest.files:
            entry = zipfile.ZipInfo(member.path, FIRST_DATE)
            entry.file_size = member.size
            with (stage / member.path).open("rb") as source, archive.open(entry, "w") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def _collect(
    stage: Path, root: Path, target: Target, lock: Lock, builder: Path, log: TextIO, progress: Progress
) -> None:
    wheels = stage / "wheels"
    wheels.mkdir(exist_ok=True)

    def fetch(text: str, options: Sequence[str], note: Note) -> None:
        """`pip download` or `pip wheel`, each file against its hash."""
        requirements = stage.with_name(f"{stage.name}.txt")
        requirements.write_text(text, encoding="utf-8")
        try:
            verb = "wheel" if "--no-build-isolation" in options else "download"
            arguments = ["--no-deps", "--require-hashes", *options, "--requirement", str(requirements)]
            arguments += ["--wheel-dir" if verb == "wheel" else "--dest", str(wheels)]
            failure = run_pip(builder, arguments, root, log, note, verbose=progress.verbose, verb=verb)
        finally:
            requirements.unlink()
        if failure:
            raise failure.to_error("downloading packages")

    with progress.step(f"Downloading {len(lock.packages)} packages") as note:
        fetch(lock.requirements(*lock.packages), target.download_options, note)
        zmq = f"pyzmq=={pinned_version(root, 'pyzmq')}"
        for python in PLUGIN_PYTHONS:
            fetch(lock.requirements(zmq), Target(target.system, python).download_options, note)
    with progress.step("Building packages without a wheel, and this project") as note:
        fetch(lock.requirements(*lock.sources), ["--no-build-isolation"], note)
        distribution.build("wheel", builder, root, wheels, log)
    built = [name.partition("==")[0] for name in lock.sources]
    here_only = [path for name in built for path in wheels.glob(f"{name}-*") if not path.name.endswith("-none-any.whl")]
    if here_only:
        raise InstallError(
            f"{here_only[0].name} was built for this machine only",
            "take pkg-config off the PATH, then run the same command again",
        )


def _models(stage: Path, root: Path, backend: Path, progress: Progress) -> None:
    with progress.step("Adding the model files"):
        folder = stage / "models"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in model_sources(backend, root):
            shutil.copyfile(path, folder / path.name)


def _installer(stage: Path, root: Path, target: Target) -> None:
    for folder in ("installer", "plugin"):
        shutil.rmtree(stage / folder, ignore_errors=True)
        for path in files_below(root / folder):
            (stage / folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / folder / path, stage / folder / path)
    for name in TOP_LEVEL_FILES:
        shutil.copyfile(root / name, stage / name)
    start = (root / "installer" / "anycost_installer" / "release" / "bundle_start.py").read_text(encoding="utf-8")
    version = tuple(int(part) for part in target.python.split("."))
    text = start.replace("PYTHON = (3, 0)", f"PYTHON = {version}")
    (stage / "__main__.py").write_text(text, encoding="utf-8")
