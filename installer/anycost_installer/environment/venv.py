"""Makes the private environment `.venv`: created, filled, stamped. Any step may be cut off; the next run continues.

The stamp is written last and removed before anything changes, so its presence means: complete and as recorded.
"""

import contextlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from anycost_installer.core.checkout import fingerprint, torch_version
from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress
from anycost_installer.core.subprocesses import logged
from anycost_installer.environment.pip import forget_half_copied, pip
from anycost_installer.environment.prerequisites import check_disk, check_venv
from anycost_installer.lockfile.torch_index import sources

FORMAT = 1  # of the stamp: raise it to have every environment completed anew
STAMP = "anycost-stamp.json"

ABOUT = """
import importlib.metadata, json, pip, sys, sysconfig
try:
    torch = importlib.metadata.version("torch")
except importlib.metadata.PackageNotFoundError:
    torch = None
print(json.dumps({"python": sys.version_info[:2], "site_packages": sysconfig.get_path("purelib"), "torch": torch}))
"""


@dataclass(frozen=True)
class Stamp:
    """What was installed: `extras` of pyproject.toml, and the `torch` build asked for ("cpu" or "default")."""

    fingerprint: str
    extras: tuple[str, ...]
    torch: str
    format: int = FORMAT


@dataclass(frozen=True)
class Environment:
    """A private environment, whether it exists yet or not: the checkout's own, unless it has a `place` elsewhere."""

    root: Path  # of the checkout
    place: Path | None = None

    @property
    def folder(self) -> Path:
        return self.place or self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    def about(self) -> dict | None:
        """Its Python's version, its folder of packages and its torch; None unless it runs and has pip."""
        if not self.python.exists():
            return None
        code, lines = logged([self.python, "-c", ABOUT], self.root)
        return json.loads(lines[-1]) if code == 0 else None

    def stamp(self) -> Stamp | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            fields = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
            return Stamp(**fields | {"extras": tuple(fields["extras"])})
        return None

    def write_stamp(self, stamp: Stamp) -> None:
        aside = self.folder / (STAMP + ".part")
        aside.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
        os.replace(aside, self.folder / STAMP)


def prepare(root: Path, extra: str, torch: str | None, progress: Progress) -> Path:
    """Brings the environment to what `extra` of pyproject.toml needs ("": only what all need), and returns its Python.

    `torch`: "cpu", "default", or None for the build that is already there (cpu in a new environment).
    Raises InstallError.
    """
    environment = Environment(root)
    stamp, about = environment.stamp(), environment.about()
    extras = (extra,) if extra else ()
    wanted = Stamp(fingerprint(root), extras, torch or (stamp.torch if stamp else "cpu"))
    if stamp and stamp == Stamp(wanted.fingerprint, stamp.extras, wanted.torch):
        if about and set(extras) <= set(stamp.extras):
            progress.say(f"Private environment: ready ({environment.folder})")
            return environment.python
        wanted = Stamp(wanted.fingerprint, tuple(dict.fromkeys((*stamp.extras, *extras))), wanted.torch)

    # One that was never completed may be cut off anywhere, or be of a Python for which there are no packages.
    if not about or (stamp is None and tuple(about["python"]) != sys.version_info[:2]):
        about = create(environment, progress)
    with unstamped(environment, about) as log:
        install_torch(environment, about["torch"], wanted.torch, log, progress)
        with progress.step("Installing packages") as note:
            arguments = ["--editable", f".[{','.join(wanted.extras)}]" if wanted.extras else "."]
            failure = pip(environment.python, arguments, root, log, note, verbose=progress.verbose)
            if failure:
                raise failure.error("installing packages")
    environment.write_stamp(wanted)
    return environment.python


@contextlib.contextmanager
def unstamped(environment: Environment, about: dict) -> Iterator[TextIO]:
    """Its log, while packages are put into it: from here on it is not complete, until a stamp is written again."""
    (environment.folder / STAMP).unlink(missing_ok=True)
    with environment.log.open("a", encoding="utf-8") as log:
        for name in forget_half_copied(Path(about["site_packages"])):
            log.write(f"{name} was half copied when an earlier run was cut off: copied again\n")
        yield log


def create(environment: Environment, progress: Progress) -> dict:
    """Makes it with this Python, in place of what may be there, and returns what it is `about`. Raises InstallError."""
    check_venv()
    check_disk(environment.folder.parent)
    with progress.step(f"Making the private environment {environment.folder.name}"):
        shutil.rmtree(environment.folder, ignore_errors=True)
        if environment.folder.exists():  # what an interrupted run had started may still be tidying up
            time.sleep(2)
            shutil.rmtree(environment.folder)
        environment.folder.mkdir(parents=True)
        with environment.log.open("w", encoding="utf-8") as log:
            code, lines = logged([sys.executable, "-m", "venv", environment.folder], environment.root, log)
        if code:
            said = next((line for line in reversed(lines) if line), f"exit {code}")
            raise InstallError(
                f"making {environment.folder} failed: {said}", "fix that, then run the same command again"
            )
    about = environment.about()
    if not about:
        raise InstallError(
            "the new environment does not run",
            f"read {environment.log}, fix what it names, then run the same command again",
        )
    return about


def install_torch(environment: Environment, present: str | None, build: str, log: TextIO, progress: Progress) -> None:
    """Installs torch alone, so that the other packages find the wanted build in place. `present`: what is there."""
    version = torch_version(environment.root)
    failure = None
    with progress.step(f"Installing torch {version}") as note:
        for source in sources(version, build, platform.system()):
            arguments = ["--no-deps", "--only-binary", "torch"]
            if source.large and (present is None or "+cpu" in present):
                check_disk(environment.folder, large=True)
                if build == "cpu":
                    progress.say(f"No CPU build of torch {version} could be had: taking the large build (several GB).")
                elif present:
                    arguments += ["--force-reinstall"]  # pip takes the CPU build for the plain version
            note(source.title)
            arguments += source.arguments
            failure = pip(environment.python, arguments, environment.root, log, note, verbose=progress.verbose)
            if failure is None:
                return
            # Without a network the other sources cannot help; the CPU index alone may well be blocked.
            if failure.network and not source.remote:
                break
        if failure:
            raise failure.error(f"installing torch {version}")
