"""The record of what 'install' put where: every file with its hash, for repair, remove and doctor."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import Places
from anycost_installer.hosts.host import PLUGINS, Host

FORMAT = 1
NAME = "record.json"
KINDS = ("file", "plugin", "setting", "link", "folder")
_MOST_BYTES = 32 << 20


@dataclass(frozen=True)
class Entry:
    """One thing that is there because of us.

    file: with its hash. plugin: a folder that is ours with all that is in it. setting: a file of the editor's, in
    which one line is ours. link: to our models. folder: was not there before, and goes when it is empty."""

    path: str
    kind: str
    host: str = ""  # plug-ins folder of the host that it is for; "": of all
    size: int = 0  # bytes
    sha256: str = ""
    executable: bool = False
    made: bool = False  # of settings: the file was not there before


@dataclass(frozen=True)
class Record:
    version: str  # ours
    installed: str  # when: 2026-11-22T10:00:00Z
    python: str  # of the backend's environment
    hosts: tuple[Host, ...] = ()
    entries: tuple[Entry, ...] = ()
    root: str = ""  # where the installer ran; it need not be there any more
    format: int = FORMAT

    @property
    def environment(self) -> Path:
        """Folder of the private environment: of <folder>/bin/python."""
        return Path(self.python).parent.parent

    def of(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]

    def without(self, hosts: Iterable[Host]) -> "Record":
        """The record once these hosts have lost the plug-in."""
        gone = {str(host.plugins) for host in hosts}
        return replace(
            self,
            hosts=tuple(host for host in self.hosts if str(host.plugins) not in gone),
            entries=tuple(entry for entry in self.entries if entry.host not in gone),
        )


def read(places: Places) -> Record | None:
    """None where nothing was recorded. Raises InstallError for a record that cannot be read."""
    file = places.data / NAME
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallError(f"{file} cannot be read ({error.strerror})", "check its permissions") from error
    try:
        if len(content) > _MOST_BYTES:
            raise ValueError("too long")
        values = json.loads(content)
        if values["format"] != FORMAT:
            raise InstallError(
                f"{file} was written by another version of the installer",
                "run that one, or 'python3 installer install'",
            )
        values["hosts"] = tuple(_host(host) for host in values["hosts"])
        values["entries"] = tuple(_entry(entry) for entry in values["entries"])
        return Record(**values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InstallError(f"{file} is damaged", "run 'python3 installer install', which writes it anew") from error


def write(places: Places, record: Record) -> None:
    """Whole or not at all."""
    places.data.mkdir(parents=True, exist_ok=True)
    file = places.data / NAME
    aside = file.with_name(file.name + ".part")
    with aside.open("w", encoding="utf-8") as opened:
        json.dump(_plain(asdict(record)), opened, indent=1)  # in ASCII: a path may be no text at all
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(aside, file)


def state(entry: Entry) -> str:
    """ "ok", "missing" or "damaged", of a file."""
    path = Path(entry.path)
    if not path.is_file():
        return "missing"
    if entry.executable and not os.access(path, os.X_OK):
        return "damaged"
    with contextlib.suppress(OSError):
        if path.stat().st_size == entry.size and sha256_of(path) == entry.sha256:
            return "ok"
    return "damaged"


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def file_entry(path: Path, data: bytes, host: str = "", executable: bool = False) -> Entry:
    return Entry(str(path), "file", host, len(data), hashlib.sha256(data).hexdigest(), executable)


def _host(values: dict[str, Any]) -> Host:
    paths = {name: Path(values[name]) for name in ("folder", "backend")}
    paths |= {name: Path(values[name]) for name in ("settings", "file") if values[name] is not None}
    host = Host(**values | paths | {"sandbox": tuple(values["sandbox"])})
    if host.program not in PLUGINS:
        raise ValueError(host.program)
    return host


def _entry(values: dict[str, Any]) -> Entry:
    entry = Entry(**values)
    if not (isinstance(entry.path, str) and Path(entry.path).is_absolute() and entry.kind in KINDS):
        raise ValueError(entry.path)
    if entry.kind == "plugin" and Path(entry.path).name not in PLUGINS.values():
        raise ValueError(entry.path)  # what is removed with all that is in it must be ours
    return entry


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
