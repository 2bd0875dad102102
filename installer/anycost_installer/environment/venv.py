"""Makes the checkout's environment `.venv`. An interrupted run is continued by the next one.

The stamp is removed before any change and written at the end: where it exists, the environment is complete.
"""

import contextlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from anycost_installer.core.checkout import fingerprint, torch_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import check_free_space, write_text
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import last_line, run_logged
from anycost_installer.environment.pip import remove_half_copied, run_pip
from anycost_installer.environment.torch_sources import torch_sources

FORMAT = 1  # of the stamp; a new number makes every environment incomplete
STAMP = "anycost-stamp.json"

WITH_TORCH = {"test", "train"}  # extras of pyproject.toml

# Measured: 0.9 GB of packages, 1.9 GB with those of the tests. pip unpacks wheels in the temporary folder.
BYTES = (2e9, 1e9)  # beside the environment, in the temporary folder
CPU_BUILD_BYTES = (3e9, 1e9)
LARGE_BUILD_BYTES = (10e9, 4e9)

INSPECT_SCRIPT = """
import importlib.metadata, json, pip, sys, sysconfig
try:
    torch = importlib.metadata.version("torch")
except importlib.metadata.PackageNotFoundError:
    torch = None
print(json.dumps({"python": sys.version_info[:2], "site_packages": sysconfig.get_path("purelib"), "torch": torch}))
"""


@dataclass(frozen=True)
class Stamp:
    """What is installed: `extras` of pyproject.toml, and the build of torch ("cpu" or "default") that they are to have,
    if any."""

    fingerprint: str
    extras: tuple[str, ...]
    torch: str = "cpu"
    format: int = FORMAT


@dataclass(frozen=True)
class Environment:
    """An environment, which need not exist. Its folder is `.venv` in the checkout, or `elsewhere`."""

    root: Path  # of the checkout
    elsewhere: Path | None = None

    @property
    def folder(self) -> Path:
        return self.elsewhere or self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    def inspect(self) -> dict | None:
        """Its Python's version, its site-packages and its release of torch, if any; None unless it runs and has pip."""
        if not self.python.exists():
            return None
        code, lines = run_logged([self.python, "-c", INSPECT_SCRIPT], self.root)
        return json.loads(lines[-1]) if code == 0 else None

    def stamp(self) -> Stamp | None:
        """None for an environment that is not complete."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            fields = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
            return Stamp(**fields | {"extras": tuple(fields["extras"])})
        return None

    def write_stamp(self, stamp: Stamp) -> None:
        """Marks the environment as complete. Raises OSError."""
        write_text(self.folder / STAMP, json.dumps(asdict(stamp)))


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


def check_disk_space(folder: Path, size: tuple[float, float] | None = None) -> None:
    """`folder`: will hold the environment; it need not exist. `size`: bytes beside it and in the temporary folder,
    `BYTES` if None.

    Raises InstallError when there is too little space."""
    beside, in_temporary = size or BYTES
    check_free_space(folder, beside)
    temporary = Path(tempfile.gettempdir())
    check_free_space(temporary, in_temporary, remedy="free some space or set TMPDIR to a larger folder")


def make_venv(environment: Environment, log: TextIO) -> None:
    """Runs `python -m venv`. Raises InstallError."""
    code, lines = run_logged([sys.executable, "-m", "venv", environment.folder], environment.root, log)
    if code:
        raise InstallError(
            f"making {environment.folder} failed: {last_line(lines, code)}", "fix that, then run the same command again"
        )


def prepare_venv(root: Path, extra: str, torch: str | None, progress: Progress) -> Path:
    """Installs what `extra` of pyproject.toml needs ("": no extra) and returns the environment's Python.

    `torch`: "cpu", "default", or None for the installed build (cpu in a new environment). Raises InstallError.
    """
    environment = Environment(root)
    stamp, info = environment.stamp(), environment.inspect()
    extras = (extra,) if extra else ()
    target = Stamp(fingerprint(root), extras, torch or (stamp.torch if stamp else "cpu"))
    if stamp and stamp == Stamp(target.fingerprint, stamp.extras, target.torch):
        if info and set(extras) <= set(stamp.extras):
            progress.say(f"Private environment: ready ({environment.folder})")
            return environment.python
        target = Stamp(target.fingerprint, tuple(dict.fromkeys((*stamp.extras, *extras))), target.torch)

    # An environment that was never complete may be of a Python without packages.
    if not info or (stamp is None and tuple(info["python"]) != sys.version_info[:2]):
        info = create_venv(environment, progress)
    with marked_incomplete(environment, info) as log:
        if WITH_TORCH & set(target.extras):
            install_torch(environment, info["torch"], target.torch, log, progress)
        with progress.step("Installing packages") as note:
            arguments = ["--editable", f".[{','.join(target.extras)}]" if target.extras else "."]
            failure = run_pip(environment.python, arguments, root, log, note, verbose=progress.verbose)
            if failure:
                raise failure.to_error("installing packages")
    environment.write_stamp(target)
    return environment.python


@contextlib.contextmanager
def marked_incomplete(environment: Environment, info: dict) -> Iterator[TextIO]:
    """Removes the stamp and yields the open log. The caller writes a new stamp after the block."""
    (environment.folder / STAMP).unlink(missing_ok=True)
    with environment.log.open("a", encoding="utf-8") as log:
        for name in remove_half_copied(Path(info["site_packages"])):
            log.write(f"{name} was half copied by an interrupted run: copied again\n")
        yield log


def create_venv(environment: Environment, progress: Progress) -> dict:
    """Makes an empty environment with this Python, replaces an existing one, and returns its `inspect()`.

    Raises InstallError."""
    check_venv_modules()
    check_disk_space(environment.folder.parent)
    with progress.step(f"Making the private environment {environment.folder.name}"):
        shutil.rmtree(environment.folder, ignore_errors=True)
        if environment.folder.exists():  # a child of an interrupted run may still write there
            time.sleep(2)
            shutil.rmtree(environment.folder)
        environment.folder.mkdir(parents=True)
        with environment.log.open("w", encoding="utf-8") as log:
            make_venv(environment, log)
    info = environment.inspect()
    if not info:
        raise InstallError(
            "the new environment does not run",
            f"read {environment.log}, fix what it names, then run the same command again",
        )
    return info


def install_torch(environment: Environment, present: str | None, build: str, log: TextIO, progress: Progress) -> None:
    """Installs torch before the other packages, so that they use this build. `present`: the installed release.

    Raises InstallError."""
    version = torch_version(environment.root)
    failure = None
    if present is None:
        check_disk_space(environment.folder, CPU_BUILD_BYTES)
    with progress.step(f"Installing torch {version}") as note:
        for source in torch_sources(version, build, platform.system()):
            arguments = ["--no-deps", "--only-binary", "torch"]
            if source.large and (present is None or "+cpu" in present):
                check_disk_space(environment.folder, LARGE_BUILD_BYTES)
                if build == "cpu":
                    progress.say(f"No CPU build of torch {version} was found: taking the large build (several GB).")
                elif present:
                    arguments += ["--force-reinstall"]  # for pip, the CPU build satisfies the plain version
            note(source.title)
            arguments += source.arguments
            failure = run_pip(environment.python, arguments, environment.root, log, note, verbose=progress.verbose)
            if failure is None:
                return
            # Without a network, the other sources fail too. PyTorch's own index alone may be blocked.
            if failure.network and not source.remote:
                break
        if failure:
            raise failure.to_error(f"installing torch {version}")
