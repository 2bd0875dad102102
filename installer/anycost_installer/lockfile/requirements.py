"""Reads the lock file: for each system and Python the exact releases, with the hashes of their files.

`relock.py` writes `requirements.json`."""

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.errors import InstallError

LOCK_FILE = "installer/requirements.json"  # in the checkout
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class System:
    """A kind of machine: its platform tags of wheels, and its environment markers in packages' metadata."""

    name: str
    wheels: tuple[str, ...]  # platform tags, best first
    markers: dict[str, str]


def _linux(machine: str) -> System:
    newest = (35, 34, 31) if machine == "aarch64" else ()  # OpenVINO needs them there
    newer = [f"manylinux_2_{glibc}_{machine}" for glibc in (*newest, 28, 27, 26, 24, 17, 12, 5)]
    older = [f"manylinux{name}_{machine}" for name in ("2014", "2010", "1")]
    markers = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": machine}
    return System(f"linux-{machine}", (*newer, *older, f"linux_{machine}"), markers)


SYSTEMS = (
    _linux("x86_64"),
    _linux("aarch64"),
    System(
        "macos-arm64",
        ("macosx_14_0_arm64",),
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    ),
    System(
        "windows-amd64",
        ("win_amd64",),
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
)


@dataclass(frozen=True)
class Target:
    """A system and a Python for which packages are locked."""

    system: str  # such as "linux-x86_64"
    python: str  # such as "3.11"

    def __str__(self) -> str:
        return f"{self.system}, Python {self.python}"

    @property
    def key(self) -> str:
        return f"{self.system}-{self.python}"

    @property
    def download_options(self) -> list[str]:
        """Options for `pip download`, so that it takes wheels of this target on any machine."""
        tags = next(system.wheels for system in SYSTEMS if system.name == self.system)
        options = ["--python-version", self.python, "--implementation", "cp", "--only-binary", ":all:"]
        return options + [word for tag in tags for word in ("--platform", tag)]


def this_target() -> Target:
    """This machine; the name is one of SYSTEMS where the system is supported."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = platform.machine() if sys.maxsize > 2**32 else "32bit"
    machine = {"AMD64": "amd64", "ARM64": "arm64"}.get(machine, machine)
    return Target(f"{system}-{machine}", f"{sys.version_info[0]}.{sys.version_info[1]}")


@dataclass(frozen=True)
class Lock:
    packages: tuple[str, ...]  # "name==version" of all wheels
    sources: tuple[str, ...]  # packages without a wheel, built on the user's machine
    hashes: dict[str, list[str]]  # release → sha256 of its files, for all systems
    download: int  # bytes

    @property
    def releases(self) -> tuple[str, ...]:
        """ "name==version" of all packages of an environment, but for this project."""
        return (*self.packages, *self.sources)

    def requirements(self, *packages: str) -> str:
        """The text of a requirements file with hashes. Raises KeyError for a package that is not locked."""
        return "".join(_line(name, self.hashes[name]) for name in packages)


def _line(package: str, hashes: list[str]) -> str:
    return " ".join([package, *(f"--hash=sha256:{sha256}" for sha256 in hashes)]) + "\n"


def hashed_requirement(root: Path, package: str) -> str:
    """A line of a requirements file with hashes, for one "name==version". Raises InstallError."""
    try:
        return _line(package, json.loads((root / LOCK_FILE).read_text(encoding="utf-8"))["hashes"][package])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(root, error) from error


def _damaged(root: Path, error: Exception) -> InstallError:
    return InstallError(
        f"{root / LOCK_FILE} is missing or damaged ({type(error).__name__})",
        "get the checkout again (git pull), then run the same command again",
    )


def read_lock(root: Path, target: Target) -> Lock:
    """Raises InstallError when nothing is locked for the target or the file is damaged."""
    try:
        lock = json.loads((root / LOCK_FILE).read_text(encoding="utf-8"))
        targets = lock["targets"]
        if target.key not in targets:
            pythons = sorted({name.rpartition("-")[2] for name in targets if name.startswith(f"{target.system}-")})
            remedy = (
                f"run it with another Python: {', '.join(sorted(pythons, key=lambda name: int(name.split('.')[1])))}"
                if pythons
                else f"use one of {', '.join(dict.fromkeys(name.rpartition('-')[0] for name in targets))}"
            )
            raise InstallError(f"there are no packages for this machine ({target})", remedy)
        chosen = targets[target.key]
        names = [*chosen["packages"], *lock["sources"]]
        return Lock(
            tuple(chosen["packages"]),
            tuple(lock["sources"]),
            {name: list(lock["hashes"][name]) for name in names},
            int(chosen["download"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(root, error) from error
