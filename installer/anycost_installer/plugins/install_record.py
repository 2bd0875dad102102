"""The install record: every installed file with its hash, for repair, remove and doctor."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import sha256_of, write_text
from anycost_installer.core.paths import Paths
from anycost_installer.hosts.host import PLUGINS, Host

FORMAT = 1
RECORD_FILE = "record.json"
KINDS = ("file", "plugin", "setting", "link", "folder")
_MAX_BYTES = 32 << 20


@dataclass(frozen=True)
class Entry:
    """Something that `install` made. Kinds:

    file: with its hash. plugin: the plug-in's folder, which is removed with all files in it. setting: the editor's
    settings file, in which one line enables the plug-in. link: to the models. folder: removed when it is empty."""

    path: str
    kind: str
    host: str = ""  # plug-ins folder of its editor; "": shared
    size: int = 0  # bytes
    sha256: str = ""
    executable: bool = False
    made: bool = False  # of a setting: `install` made the file


@dataclass(frozen=True)
class Record:
    version: str  # of this project
    installed: str  # time: 2026-11-22T10:00:00Z
    python: str  # of the backend's environment
    hosts: tuple[Host, ...] = ()
    entries: tuple[Entry, ...] = ()
    root: str = ""  # the checkout, which need not exist any more
    format: int = FORMAT

    @property
    def environment(self) -> Path:
        """The folder of the environment with `python`."""
        return Path(self.python).parent.parent

    def of_kind(self, *kinds: str) -> list[Entry]:
        """The entries of these kinds."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def without(self, hosts: Iterable[Host]) -> "Record":
        """The record after these hosts lost the plug-in."""
        gone = {str(host.plugins_folder) for host in hosts}
        return replace(
            self,
            hosts=tuple(host for host in self.hosts if str(host.plugins_folder) not in gone),
            entries=tuple(entry for entry in self.entries if entry.host not in gone),
        )


def read_record(paths: Paths) -> Record | None:
    """None when there is no record. Raises InstallError for one that is damaged or of another version."""
    file = paths.data / RECORD_FILE
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallError(f"{file} cannot be read ({error.strerror})", "check its permissions") from error
    try:
        if len(content) > _MAX_BYTES:
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
        raise InstallError(f"{file} is damaged", "run 'python3 installer install', which writes it again") from error


def write_record(paths: Paths, record: Record) -> None:
    """Writes the record atomically. Raises OSError."""
    paths.data.mkdir(parents=True, exist_ok=True)
    file = paths.data / RECORD_FILE
    write_text(file, json.dumps(_json_value(asdict(record)), indent=1))  # ASCII: a path may be no valid Unicode


def file_state(entry: Entry) -> str:
    """Of a file: "ok", "missing" or "damaged"."""
    path = Path(entry.path)
    if not path.is_file():
        return "missing"
    if entry.executable and not os.access(path, os.X_OK):
        return "damaged"
    with contextlib.suppress(OSError):
        if path.stat().st_size == entry.size and sha256_of(path) == entry.sha256:
            return "ok"
    return "damaged"


def file_entry(path: Path, data: bytes, host: str = "", executable: bool = False) -> Entry:
    """The entry of a file with this content."""
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
        raise ValueError(entry.path)  # `remove` deletes it with all files in it
    return entry


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    return str(value) if isinstance(value, Path) else value
