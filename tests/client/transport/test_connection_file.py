"""The connection file is written whole, for its user alone, and anything else is refused."""

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs
import pytest
import zmq
from anycost_client.core import paths
from anycost_client.core.errors import ConnectionFileError
from anycost_client.transport import connection_file
from anycost_client.transport.connection_file import Connection
from anycost_client.transport.file_lock import FileLock

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")


@pytest.fixture
def good() -> Connection:
    (server, _), (public, secret) = zmq.curve_keypair(), zmq.curve_keypair()
    keys = server.decode(), public.decode(), secret.decode()
    return Connection(os.getpid(), "tcp://127.0.0.1:40000", "tcp://127.0.0.1:40001", *keys)


@pytest.fixture
def file(home: Path) -> Path:
    return connection_file.default_path()


def test_what_is_written_is_read(file: Path, good: Connection) -> None:
    connection_file.write(file, good)
    assert connection_file.read(file) == good
    assert [path.name for path in file.parent.iterdir()] == [file.name]  # nothing is left beside it


@posix
def test_only_its_user_can_read_it(file: Path, good: Connection) -> None:
    old = os.umask(0)
    try:
        connection_file.write(file, good)
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_refused(file: Path, good: Connection, mode: int) -> None:
    connection_file.write(file, good)
    file.chmod(mode)
    with pytest.raises(ConnectionFileError, match="open to other users: run 'chmod 600"):
        connection_file.read(file)


@posix
def test_a_folder_open_to_others_is_refused(file: Path, good: Connection) -> None:
    connection_file.write(file, good)
    file.parent.chmod(0o755)
    for refused in (lambda: connection_file.read(file), lambda: connection_file.write(file, good)):
        with pytest.raises(ConnectionFileError, match="chmod 700"):
            refused()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(file: Path, good: Connection) -> None:
    connection_file.write(file, good)
    os.chown(file, 12345, 12345)
    with pytest.raises(ConnectionFileError, match="belongs to another user"):
        connection_file.read(file)


@posix
def test_links_and_pipes_are_refused(file: Path, good: Connection) -> None:
    connection_file.write(file, good)
    elsewhere = file.rename(file.with_name("elsewhere"))
    file.symlink_to(elsewhere)
    with pytest.raises(ConnectionFileError):
        connection_file.read(file)
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(ConnectionFileError, match="not a file"):
        connection_file.read(file)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 9000, b'"' + b"x" * 20_000 + b'"'])
def test_a_damaged_file_is_refused(file: Path, good: Connection, content: bytes) -> None:
    connection_file.write(file, good)
    file.write_bytes(content)
    with pytest.raises(ConnectionFileError, match="damaged"):
        connection_file.read(file)


@pytest.mark.parametrize(
    "wrong",
    [
        {"work": "tcp://192.168.0.1:40000"},
        {"control": "tcp://127.0.0.1:99999"},
        {"control": "tcp://127.0.0.1:0"},
        {"work": "ipc://run/relative"},
        {"work": "ipc://"},
        {"work": 5},
        {"server_public": "short"},
        {"client_secret": None},
        {"pid": 0},
        {"pid": True},
    ],
)
def test_only_loopback_addresses_and_real_keys_are_taken(
    file: Path, good: Connection, wrong: dict[str, object]
) -> None:
    connection_file.write(file, good)
    file.write_text(json.dumps({**asdict(good), **wrong}))
    with pytest.raises(ConnectionFileError):
        connection_file.read(file)


@posix
def test_sockets_beside_the_file_are_taken(file: Path, good: Connection) -> None:
    work, control = (f"ipc://{file.parent.resolve()}/connection.1.{name}" for name in ("work", "control"))
    connection_file.write(file, replace(good, work=work, control=control))
    assert connection_file.read(file).work == work


@posix
def test_a_socket_elsewhere_is_looked_for_beside_the_file(file: Path, good: Connection) -> None:
    """A sandbox shows the folder under another path; another folder is never used."""
    connection_file.write(file, replace(good, work="ipc:///etc/passwd"))
    assert connection_file.read(file).work == f"ipc://{file.parent.resolve()}/passwd"


def test_the_secret_key_is_not_shown(good: Connection) -> None:
    assert good.client_secret not in repr(good)


def test_a_backend_removes_only_its_own_file(file: Path, good: Connection) -> None:
    connection_file.write(file, good)
    connection_file.remove(file, good.pid + 1)
    assert file.exists()
    connection_file.write(file, replace(good, pid=good.pid + 1))
    connection_file.remove(file, good.pid + 1)
    assert not file.exists()


def test_a_lock_is_held_by_one(home: Path) -> None:
    first, second = (FileLock(home / "run" / "start.lock") for _ in range(2))
    assert first.acquire()
    assert not second.acquire(0.1)
    first.release()
    assert second.acquire()
    second.release()


def test_places_are_those_of_the_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The backend asks platformdirs, which a host's Python does not have."""
    monkeypatch.delenv("ANYCOST_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", str(tmp_path / "x")):
        for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
            monkeypatch.setenv(variable, value)
        assert paths.data_dir() == platformdirs.user_data_path(paths.APP, appauthor=False)
        assert paths.cache_dir() == platformdirs.user_cache_path(paths.APP, appauthor=False)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG")
def test_the_runtime_folder_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANYCOST_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert paths.runtime_dir() == tmp_path / paths.APP
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert paths.runtime_dir() == paths.cache_dir() / "run"
