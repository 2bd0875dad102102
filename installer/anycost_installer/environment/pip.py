"""Runs pip: what it does at the moment, and what its errors mean."""

import platform
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Note
from anycost_installer.core.subprocesses import run_logged

QUIET = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")

NO_NETWORK = re.compile(
    r"NameResolution|name resolution|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out"
    r"|Connection refused|ProxyError|SSLError|Network is unreachable"
)
NO_BUILD = re.compile(r"No matching distribution found for (\S+)")
OTHER_HASH = re.compile(r"DO NOT MATCH THE HASHES|Expected sha256")
READ_ONLY = re.compile(r"Read-only file system|Permission denied|Errno 13|Errno 30|WinError 5\b")
NO_SPACE = re.compile(r"No space left on device|Errno 28|not enough space on the disk")


@dataclass(frozen=True)
class PipFailure:
    """The output of a pip that failed."""

    lines: tuple[str, ...]
    log: Path

    @property
    def network(self) -> bool:
        """Whether the package index could not be reached, so that other releases need not be tried."""
        return any(NO_NETWORK.search(line) for line in self.lines)

    def to_error(self, doing: str) -> InstallError:
        """`doing`: what failed, such as "installing packages"."""
        text = "\n".join(self.lines)
        no_build = NO_BUILD.search(text)
        if NO_SPACE.search(text):
            why, remedy = "the disk is full", "free some space (or set TMPDIR to a roomier folder)"
        elif OTHER_HASH.search(text):
            why = "a package is not the one that was locked: its hash differs"
            remedy = "empty pip's cache ('python3 -m pip cache purge') or use another index"
        elif READ_ONLY.search(text):
            why, remedy = "a folder cannot be written", "make it writable for you"
        elif self.network:
            why, remedy = (
                "the package index cannot be reached",
                "check the network, HTTPS_PROXY and pip's configuration",
            )
        elif no_build:
            python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
            why = f"there is no build of {no_build[1]} for {python} on {platform.system()} {platform.machine()}"
            remedy = "try another release of Python, which may have one"
        else:
            why, remedy = "pip reported an error", "fix what it names"
        errors = [line for line in self.lines if line.lower().lstrip().startswith("error")] or [*self.lines]
        quoted = "".join(f"\n    {line}" for line in errors[-5:])
        return InstallError(
            f"{doing} failed: {why}", f"{remedy}, then run the same command again{quoted}\n    Full log: {self.log}"
        )


def progress_text(line: str) -> str | None:
    """A short text for a line of pip's output; None for a line that is not worth showing."""
    line = line.strip()
    if found := re.match(r"(?:Downloading|Using cached) (\S+) \((.+)\)$", line):
        name = found[1].rsplit("/", 1)[-1].split("-", 1)[0]
        return f"{name}, {found[2]}" + (" from the cache" if line.startswith("Using") else "")
    if found := re.match(r"Processing (\S+\.whl)", line):
        return f"{Path(found[1]).name.split('-', 1)[0]}, from this machine"
    if found := re.match(r"Installing collected packages: (.+)", line):
        count = len(found[1].split(","))
        return f"copying {count} package{'s' if count > 1 else ''} into place"
    if line.startswith("Installing build dependencies"):
        return "preparing this project"
    return None


def run_pip(
    python: Path,
    arguments: Sequence[str],
    cwd: Path,
    log: TextIO,
    note: Note,
    *,
    verbose: bool = False,
    verb: str = "install",
) -> PipFailure | None:
    """Runs `pip install` (or another `verb`). Returns None when it succeeded. `note`: gets its progress."""
    command = [str(python), "-m", "pip", verb, *QUIET, *arguments]
    last = None

    def on_line(line: str) -> None:
        nonlocal last
        shown = line if verbose else progress_text(line)
        if shown and shown != last:
            last = shown
            note(shown)

    log.write(f"\n$ {' '.join(command)}\n")
    code, lines = run_logged(command, cwd, log, on_line)
    return PipFailure(tuple(line for line in lines if line), Path(log.name)) if code else None


def check_packages(python: Path, cwd: Path, log: TextIO) -> None:
    """Runs `pip check`. Raises InstallError when a dependency is missing or of the wrong version."""
    code, lines = run_logged([python, "-m", "pip", "check", "--disable-pip-version-check"], cwd, log)
    if code:
        said = [line for line in lines if line.strip()] or [f"exit {code}"]
        raise InstallError(
            f"the packages do not fit together: {said[0]}",
            "get the checkout again (git pull), then run the same command again",
        )


def remove_half_copied(site_packages: Path) -> list[str]:
    """Removes the metadata of packages that an interrupted run copied in part, so that pip installs them again.

    pip writes INSTALLER after all other files, but treats a package as installed as soon as METADATA exists. Returns
    the packages' names.
    """
    names = []
    for folder in sorted(site_packages.glob("*.dist-info")):
        if not (folder / "INSTALLER").is_file():
            shutil.rmtree(folder)
            names.append(folder.name.split("-", 1)[0])
    return names
