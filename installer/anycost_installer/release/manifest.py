"""A bundle's manifest: its release, its target, and the size and hash of every file."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from anycost_installer.core.errors import InstallError
from anycost_installer.lockfile.requirements import Target

MANIFEST = "manifest.json"
FORMAT = 1
REMEDY = "get it again, or make it again with 'python3 installer bundle'"


@dataclass(frozen=True)
class Member:
    path: str  # in the bundle, with forward slashes
    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class Manifest:
    version: str  # of this project
    release: str  # see environment.backend_venv.release_id
    system: str
    python: str
    files: tuple[Member, ...]
    format: int = FORMAT

    @property
    def target(self) -> Target:
        return Target(self.system, self.python)

    @property
    def fingerprint(self) -> str:
        """Of all files, through their hashes: 16 groups of four digits, for people to compare."""
        digest = hashlib.sha256(self.to_json().encode()).hexdigest()
        return " ".join(digest[at : at + 4] for at in range(0, 64, 4))

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(member.size for member in self.files)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def read_manifest(bundle: Path) -> Manifest:
    """Reads the manifest of an unpacked bundle. Raises InstallError."""
    try:
        return parse_manifest((bundle / MANIFEST).read_bytes(), bundle)
    except OSError as error:
        raise InstallError(f"{bundle} is no bundle of this project", REMEDY) from error


def parse_manifest(content: bytes, bundle: Path) -> Manifest:
    """`bundle`: named in messages. Raises InstallError for a damaged manifest, also for paths outside the bundle."""
    try:
        values: dict[str, Any] = json.loads(content)
        if values["format"] != FORMAT:
            raise InstallError(
                f"{bundle} was made by another version of the installer", "run the installer that is in it"
            )
        files = tuple(Member(str(row["path"]), int(row["size"]), str(row["sha256"])) for row in values["files"])
        for member in files:
            path = PurePosixPath(member.path)
            if path.is_absolute() or ".." in path.parts or "\\" in member.path or ":" in member.path or member.size < 0:
                raise ValueError(member.path)
        version, release, system, python = (str(values[name]) for name in ("version", "release", "system", "python"))
        if not re.fullmatch(r"\w[\w.+-]*", release):  # becomes a folder's name
            raise ValueError(release)
        return Manifest(version, release, system, python, files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InstallError(f"{bundle} is damaged", REMEDY) from error
