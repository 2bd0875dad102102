"""The connection file: where the backend listens and the keys that let one in. Only its user may read it."""

import contextlib
import json
import os
import re
import stat
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from anycost_client.core.errors import ConnectionFileError
from anycost_client.core.files import write_aside
from anycost_client.core.paths import runtime_dir
from anycost_client.protocol.messages import PROTOCOL

FILE_NAME = "connection.json"
_MAX_BYTES = 16_384
_TCP = re.compile(r"tcp://127\.0\.0\.1:([1-9]\d{0,4})")
_IPC = "ipc://"
_KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")  # 32 bytes in Z85, as ZeroMQ writes CURVE keys
_POSIX = os.name == "posix"  # Windows has no modes: there the user's own profile folder keeps others out


@dataclass(frozen=True)
class Connection:
    """Raises ConnectionFileError for anything but endpoints on this machine and CURVE keys."""

    pid: int  # of the backend
    work: str  # endpoint: "ipc:///…/connection.4711.work" beside the connection file, or "tcp://127.0.0.1:40123"
    control: str  # endpoint of the socket that never waits behind work
    server_public: str  # CURVE keys in Z85
    client_public: str
    client_secret: str = field(repr=False)
    protocol: int = PROTOCOL

    def __post_init__(self) -> None:
        for endpoint in (self.work, self.control):
            if not isinstance(endpoint, str) or not (endpoint.startswith(f"{_IPC}/") or _loopback(endpoint)):
                raise ConnectionFileError(
                    "the connection file names an address outside this machine", "start the backend again"
                )
        for key in (self.server_public, self.client_public, self.client_secret):
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise ConnectionFileError("the connection file holds a damaged key", "start the backend again")
        if type(self.pid) is not int or self.pid < 1 or type(self.protocol) is not int:
            raise ConnectionFileError("the connection file names no process", "start the backend again")


def _loopback(endpoint: str) -> bool:
    port = _TCP.fullmatch(endpoint)
    return port is not None and int(port[1]) <= 65_535


def socket_path(endpoint: str) -> Path | None:
    """Of an endpoint that is a file."""
    return Path(endpoint.removeprefix(_IPC)) if endpoint.startswith(_IPC) else None


def _beside(file: Path, endpoint: str) -> str:
    """A socket lies beside the connection file and nowhere else. Its folder may have another path in a sandbox."""
    socket = socket_path(endpoint)
    return f"{_IPC}{file.parent.resolve() / socket.name}" if socket else endpoint


def default_path() -> Path:
    return runtime_dir() / FILE_NAME


def ensure_private(folder: Path) -> Path:
    """`folder`, made if need be, open to this user alone. Raises ConnectionFileError when it is not, or not theirs."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        about = folder.lstat()
    except OSError as error:
        raise ConnectionFileError(
            f"cannot make the folder {folder} ({error.strerror})", "check its permissions"
        ) from error
    if not stat.S_ISDIR(about.st_mode):
        raise ConnectionFileError(f"{folder} is not a folder", "remove it and try again")
    _check_private(folder, about, "700")
    return folder


def write(path: Path, connection: Connection) -> None:
    """Whole or not at all, readable by this user alone from its first byte. Raises ConnectionFileError."""
    ensure_private(path.parent)
    try:
        write_aside(path, json.dumps(asdict(connection)).encode("ascii"), 0o600)
    except OSError as error:
        raise ConnectionFileError(
            f"cannot write {path} ({error.strerror})", "free some space or check the folder"
        ) from error


def read(path: Path) -> Connection:
    """Raises ConnectionFileError when it is missing, damaged, another user's, or readable by others."""
    try:
        if _POSIX:
            _check_private(path.parent, path.parent.stat(), "700")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ConnectionFileError(f"{path} is not a file", "remove it and try again")
            _check_private(path, about, "600")
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConnectionFileError(
            f"no backend can be reached through {path} ({error.strerror})", "start the backend"
        ) from error
    try:
        if len(content) > _MAX_BYTES:
            raise ValueError("too long")
        values: dict[str, Any] = json.loads(content)
        connection = Connection(**{field.name: values[field.name] for field in fields(Connection)})
        work, control = (_beside(path, endpoint) for endpoint in (connection.work, connection.control))
        return replace(connection, work=work, control=control)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConnectionFileError(f"{path} is damaged", "remove it and start the backend again") from error


def remove(path: Path, pid: int) -> None:
    """When the backend `pid` ends: its file, unless another backend has taken the name over since."""
    with contextlib.suppress(ConnectionFileError, OSError):
        if read(path).pid == pid:
            path.unlink()


def _check_private(path: Path, about: os.stat_result, mode: str) -> None:
    if not _POSIX:
        return
    if about.st_uid != os.geteuid():
        raise ConnectionFileError(f"{path} belongs to another user", "remove it and try again")
    if about.st_mode & 0o077:
        raise ConnectionFileError(f"{path} is open to other users", f"run 'chmod {mode} {path}' and start again")
