"""The backend as a process: who gets in, how it ends, and that nothing a client says can bring it down."""

import contextlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import zmq
from anycost_client.core.errors import ConnectionFileError
from anycost_client.protocol import messages as m
from anycost_client.protocol.codec import MAX_HEADER_BYTES, encode
from anycost_client.transport import connection_file
from anycost_client.transport.zmq_channel import ZmqSockets
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from serving import Backend, Client, share_caches
from skimage.data import astronaut

ASTRONAUT = astronaut()
FRAMES = int(os.environ.get("ANYCOST_FUZZ", "500"))  # messages: more by this variable


@pytest.fixture(autouse=True, scope="module")
def caches(shared_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_caches(shared_home, patch)
        yield


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Backend]]:
    """Starts backends that do not outlive the test."""
    started: list[Backend] = []

    def start(*options: str, folder: str = "run", stdin: int = subprocess.DEVNULL) -> Backend:
        started.append(Backend(tmp_path / folder, *options, stdin=stdin))
        return started[-1]

    yield start
    for backend in started:
        backend.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One backend, kept by a client that pings it, for the tests that leave it as it was."""
    backend = Backend(tmp_path_factory.mktemp("shared"), "--patience", "600").started()
    Client(backend.file, "keeper")
    yield backend
    assert backend.process.poll() is None, backend.log.read_text()
    backend.kill()


# --------------------------------------------------------------------------- who gets in


def test_it_says_where_it_listens_and_that_is_this_machine_only(shared: Backend) -> None:
    said = connection_file.read(shared.file)
    assert said.pid == shared.process.pid
    assert shared.file.stat().st_mode & 0o777 == 0o600
    assert listening_ports(said.pid) == {}
    for endpoint in (said.work, said.control):
        path = connection_file.socket_path(endpoint)
        assert path is not None
        assert path.is_socket()
        assert path.parent == shared.file.parent
    assert shared.file.parent.stat().st_mode & 0o777 == 0o700


def listening_ports(pid: int) -> dict[int, str]:
    """Port → address on which the process listens, or takes datagrams."""
    sockets = psutil.Process(pid).net_connections("inet")
    heard = (one for one in sockets if one.status == psutil.CONN_LISTEN or one.type == socket.SOCK_DGRAM)
    return {one.laddr.port: one.laddr.ip for one in heard}


def test_where_its_folders_path_is_too_long_for_sockets_it_listens_on_the_loopback_address(
    start: Callable[..., Backend],
) -> None:
    backend = start(folder="r" * 100).started()
    said = connection_file.read(backend.file)
    ports = {int(endpoint.rpartition(":")[2]) for endpoint in (said.work, said.control)}
    assert listening_ports(said.pid) == dict.fromkeys(ports, "127.0.0.1")
    assert isinstance(Client(backend.file).ask(m.Leave()), m.Done)


def test_sockets_of_a_killed_backend_are_swept(start: Callable[..., Backend]) -> None:
    killed = start().started()
    killed.kill()
    killed.file.unlink()
    left = {path for path in killed.file.parent.iterdir() if path.is_socket()}
    assert len(left) == 2
    backend = start().started()
    assert isinstance(Client(backend.file).ask(m.Leave()), m.Done)
    assert backend.ended() == 0
    assert not [path for path in backend.file.parent.iterdir() if path.is_socket()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_cannot_even_connect(shared: Backend) -> None:
    said = connection_file.read(shared.file)
    os.seteuid(12345)
    try:
        for endpoint in (said.work, said.control):
            with socket.socket(socket.AF_UNIX) as stranger, pytest.raises(PermissionError):
                stranger.connect(endpoint.removeprefix("ipc://"))
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("folder", ["run", "r" * 100], ids=["files", "loopback"])
def test_connections_that_say_nothing_keep_nobody_out(start: Callable[..., Backend], folder: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 5000:
        pytest.skip("this user may not open as many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # as most systems have it, for the backend
    try:
        backend = start(folder=folder).started()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4000), hard))
    said = connection_file.read(backend.file)
    with contextlib.ExitStack() as stack:
        for endpoint in (said.work, said.control):
            path = connection_file.socket_path(endpoint)
            for _ in range(900):
                half_open = stack.enter_context(socket.socket(socket.AF_UNIX if path else socket.AF_INET))
                half_open.connect(str(path) if path else ("127.0.0.1", int(endpoint.rpartition(":")[2])))
        client = Client(backend.file)
        if folder == "run":  # what it does with files of its own takes seconds
            assert isinstance(client.ask(m.RenderSample(resolution=64)), m.Sample)
        assert isinstance(client.ask(m.Attributes()), m.AttributeList)
        assert isinstance(client.ask(m.Leave()), m.Done)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_the_right_keys_nobody_gets_anything(shared: Backend) -> None:
    said = connection_file.read(shared.file)
    client = Client(shared.file)
    client.ask(m.Status())
    time.sleep(1.5)  # a connection that is being opened, such as this client's, counts as refused until it is not
    before = client.ask(m.Status()).refused
    other_public, other_secret = (key.decode() for key in zmq.curve_keypair())
    keys = {
        "none": (None, None, None),
        "of another client": (said.server_public, other_public, other_secret),
        "for another server": (other_public, said.client_public, said.client_secret),
    }
    context = zmq.Context()
    try:
        for server, public, secret in keys.values():
            for endpoint in (said.work, said.control):
                dealer = context.socket(zmq.DEALER)
                dealer.linger = 0
                if server:
                    dealer.curve_serverkey, dealer.curve_publickey = server.encode(), public.encode()
                    dealer.curve_secretkey = secret.encode()
                dealer.reconnect_ivl = -1
                dealer.connect(endpoint)
                with contextlib.suppress(zmq.Again):  # refused before it could say anything
                    dealer.send_multipart([bytes(f) for f in encode(m.Hello(client="stranger"))], zmq.NOBLOCK)
                assert not dealer.poll(150)
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(connection_file.socket_path(said.work)))
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
            raw.settimeout(2)
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in raw.recv(1000)
    finally:
        context.destroy(linger=0)
    deadline = time.monotonic() + 20
    while (status := client.ask(m.Status())).refused < before + 7 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert status.refused >= before + 7
    assert status.clients == 2
    log = shared.log.read_text()
    assert not any(key in log for key in (said.client_secret, said.client_public, said.server_public))
    client.ask(m.Leave())


def test_a_connection_file_that_others_can_read_is_refused(start: Callable[..., Backend]) -> None:
    backend = start().started()
    backend.file.chmod(0o644)
    with pytest.raises(ConnectionFileError, match="other users"):
        Client(backend.file)


def test_it_starts_only_in_a_folder_of_its_users_own(start: Callable[..., Backend], tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    backend = start(folder="open")
    assert backend.ended() == 2
    (line,) = backend.log.read_text().splitlines()
    assert line.startswith("anycost serve: ")
    assert "other users" in line


def test_nothing_is_answered_before_hello(shared: Backend) -> None:
    sockets = ZmqSockets(connection_file.read(shared.file))
    try:
        for which, request in enumerate((m.Attributes(), m.Status())):
            sockets.send(encode(request), which)
            (((where, frames),)) = sockets.poll(10)
            assert (where, json.loads(frames[0])["reason"]) == (which, "no_hello")
    finally:
        sockets.close()


# --------------------------------------------------------------------------- how it ends


def test_it_ends_with_its_last_client(start: Callable[..., Backend]) -> None:
    backend = start().started()
    first, second = Client(backend.file, "first"), Client(backend.file, "second")
    assert isinstance(first.ask(m.Leave()), m.Done)
    assert second.ask(m.Status()).clients == 1
    second.ask(m.Leave())
    assert backend.ended() == 0
    assert not backend.file.exists()


def test_a_client_that_is_killed_does_not_keep_it(start: Callable[..., Backend]) -> None:
    backend = start("--patience", "2").started()
    code = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from serving import Client; client = Client(Path(sys.argv[1])); print('here', flush=True)\n"
        "while True: client.look()"
    )
    command = [sys.executable, "-c", code, str(backend.file), str(Path(__file__).parents[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "here\n"
        time.sleep(3)  # longer than its patience: the client pings
        assert backend.process.poll() is None
        child.kill()
    assert backend.ended(10) == 0


def test_it_ends_with_its_standard_input(start: Callable[..., Backend]) -> None:
    backend = start(stdin=subprocess.PIPE).started()
    Client(backend.file)
    assert backend.process.stdin
    backend.process.stdin.close()
    assert backend.ended(10) == 0
    assert start("--stdin-ends", folder="other").ended(20) == 0


@pytest.mark.parametrize("leaves", [True, False], ids=["left", "killed"])
def test_without_the_program_that_started_it_others_go_on(start: Callable[..., Backend], leaves: bool) -> None:
    backend = start("--patience", "600", stdin=subprocess.PIPE).started()
    starter, other = Client(backend.file, "starter"), Client(backend.file, "other")
    if leaves:
        starter.ask(m.Leave())
    assert backend.process.stdin
    backend.process.stdin.close()
    deadline = time.monotonic() + 20
    while "started this has ended" not in backend.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert other.ask(m.Status()).clients == 1
    other.ask(m.Leave())
    assert backend.ended(10) == 0


@pytest.mark.skipif(os.name != "posix", reason="pipes are watched differently on Windows")
def test_it_writes_its_own_log_when_the_program_that_read_it_is_gone(
    start: Callable[..., Backend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    file = folder / "connection.json"
    command = [sys.executable, "-m", "anycost_backend", "serve", "--connection", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 30
            while not file.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            first, second = Client(file, "first"), Client(file, "second")
            first.channel.close()
            assert process.stdin is not None
            assert process.stderr is not None
            process.stderr.close()
            process.stdin.close()
            while second.ask(m.Status()).clients == 2:
                assert time.monotonic() < deadline
            assert isinstance(second.ask(m.Leave()), m.Done)
            assert process.wait(30) == 0
        finally:
            process.kill()
    log = (tmp_path / "cache" / "logs" / "backend.log").read_text()
    assert "the program that started this has ended" in log
    assert "ending: its last client has left" in log


def test_it_ends_when_it_is_told_and_when_it_is_idle(start: Callable[..., Backend]) -> None:
    backend = start(folder="asked").started()
    assert isinstance(Client(backend.file).ask(m.Shutdown()), m.Done)
    backend_of_signal = start(folder="signal").started()
    backend_of_signal.process.send_signal(signal.SIGTERM)
    idle = start("--idle-minutes", "0.05", folder="idle").started()
    for one in (backend, backend_of_signal, idle):
        assert one.ended(60) == 0
        assert not one.file.exists()


def test_of_two_that_start_at_once_one_serves_both_clients(start: Callable[..., Backend]) -> None:
    one, other = start(), start()
    one.started()
    deadline = time.monotonic() + 20
    while one.process.poll() is None and other.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    loser, winner = (one, other) if one.process.poll() is not None else (other, one)
    assert loser.ended() == 0
    assert "already" in loser.log.read_text()
    assert {client.welcome.pid for client in (Client(one.file, "a"), Client(one.file, "b"))} == {winner.process.pid}


def test_a_suspended_machine_goes_on_where_it_was(start: Callable[..., Backend]) -> None:
    backend = start("--patience", "1").started()
    client = Client(backend.file)
    backend.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # both stand still, as they do when the lid is closed
    backend.process.send_signal(signal.SIGCONT)
    for _ in range(10):
        client.look(0.1)
    assert client.ask(m.Status()).clients == 1


# --------------------------------------------------------------------------- whatever it is told


def test_requests_that_make_no_sense_are_answered_so(shared: Backend) -> None:
    client = Client(shared.file, "confused")
    sockets = client.channel._sockets

    def failure(request: m.Request) -> m.Failed:
        reply = client.ask(request)
        assert isinstance(reply, m.Failed), reply
        assert reply.cause
        return reply

    assert failure(m.Edit(session="none", faces=())).reason == "no_session"
    assert failure(m.ReadLatent(session="none", face=0)).reason == "no_session"
    assert failure(m.Hello(client="")).reason == "bad_message"
    assert isinstance(client.ask(m.Close(session="none")), m.Done)
    assert isinstance(client.ask(m.Cancel(what="none")), m.Done)
    for header, reason in (
        ({"version": 1, "kind": "dance", "id": "a"}, "unknown_message"),
        ({"version": 99, "kind": "ping", "id": "b"}, "version"),
        ({"version": 1, "kind": "pong", "id": "c"}, "unknown_message"),
        ({"version": 1, "kind": "edit", "id": "d"}, "bad_message"),
    ):
        sockets.send([json.dumps(header).encode()], 0)
        assert client.reply(header["id"]).reason == reason
    sockets.send([b'{"version":99,"kind":"ping","id":"e"}'], 0)
    assert client.reply("e").remedy.startswith("update the backend with 'python3 installer update'")
    client.ask(m.Leave())


@pytest.mark.parametrize("which", [0, 1], ids=["work", "control"])
def test_a_header_of_the_largest_size_is_answered(shared: Backend, which: int) -> None:
    """Encrypted it is a little larger, which ZeroMQ counts."""
    client = Client(shared.file, f"long-winded {which}")
    start = b'{"version":1,"kind":"ping","id":"long","padding":"'
    client.replies["long"] = []
    client.channel._sockets.send([start + b"x" * (MAX_HEADER_BYTES - len(start) - 2) + b'"}'], which)
    assert isinstance(client.reply("long", timeout=10), m.Pong)
    client.ask(m.Leave())


def test_a_picture_that_claims_10_gigabytes(shared: Backend) -> None:
    client = Client(shared.file, "liar")
    peak = client.ask(m.Status()).peak_megabytes
    claims = {"width": 50_000, "height": 50_000, "channels": 4, "bit_depth": "8", "stride": 200_000, "frame": 1}
    image = {"version": 1, "kind": "open_region", "id": "huge", "image": claims}
    client.channel._sockets.send([json.dumps(image).encode(), b"x" * 100], 0)
    assert client.reply("huge").reason == "bad_message"
    image["id"], claims["width"], claims["height"], claims["stride"] = "small", 10_000, 10_000, 40_000
    client.channel._sockets.send([json.dumps(image).encode(), b"x" * 100], 0)
    assert client.reply("small").reason == "bad_message"
    assert client.ask(m.Status()).peak_megabytes < peak + 100
    client.ask(m.Leave())


def requests() -> list[m.Request]:
    """One of each kind, sensible."""
    small = m.Picture.packed(8, 8, 3, bytes(192))
    mask = m.Picture.packed(8, 8, 1, bytes(64))
    latent = m.Picture.packed(512, 16, 1, bytes(4 * 16 * 512), "32f")
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    return [
        m.OpenRegion(image=small, selection=mask, known=(m.KnownFace(corners, "hash", latent),)),
        m.Edit(session="s", faces=(m.FaceEdit(0, {"smile": 0.5}),), sequence=3),
        m.Refine(session="s", face=0),
        m.ReadLatent(session="s", face=0),
        m.ReadHandles(session="s", face=0),
        m.Sketch(session="s", edits=(m.FaceEdit(0, {"smile": 0.5}),)),
        m.Attributes(),
        m.Close(session="s"),
        m.Status(),
        m.Cancel(what="x"),
        m.Ping(),
        m.Hello(client="again"),
    ]


def mutated(message: list[bytes], rng: random.Random) -> list[bytes]:
    frames = [bytearray(frame) for frame in message]
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(frames))
        frame = frames[at]
        match rng.randrange(6):
            case 0 if frame:
                frame[rng.randrange(len(frame))] = rng.randrange(256)
            case 1:
                del frame[rng.randrange(len(frame) + 1) :]
            case 2:
                frames.insert(at, bytearray(rng.randbytes(rng.randrange(64))))
            case 3 if len(frames) > 1:
                frames.pop(at)
            case 4:
                digits = [i for i, byte in enumerate(frames[0][:4000]) if 48 <= byte <= 57]
                if digits:
                    frames[0][rng.choice(digits)] = rng.choice(b"0123456789-e.")
            case _:
                number = rng.choice([b"-1", b"1e999", b"9" * 30, b"null", b"[]", b'"x"', b"NaN", b"[" * 2000])
                frames[0] = frames[0].replace(rng.choice([b"8", b"1", b"3", b"0.5"]), number, 1)
    return [bytes(frame) for frame in frames]


SENSIBLE = [[bytes(frame) for frame in encode(request)] for request in requests()]
MESSAGES = st.one_of(
    st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    st.builds(mutated, st.sampled_from(SENSIBLE), st.randoms(use_true_random=True)),
)


@settings(
    max_examples=max(FRAMES // 50, 1), deadline=None, database=None, phases=[Phase.generate], report_multiple_bugs=False
)
@given(messages=st.lists(st.tuples(MESSAGES, st.integers(0, 1)), min_size=50, max_size=50))
def test_random_and_mutated_messages_neither_crash_nor_hang_it(
    shared: Backend, messages: list[tuple[list[bytes], int]]
) -> None:
    client = Client(shared.file, "fuzzer")
    for frames, which in messages:
        client.channel._sockets.send(list(frames), which)
    client.ask(m.Hello(client="fuzzer"))  # the garbage may have said goodbye, or hello in another name
    assert isinstance(client.ask(m.Status()), m.StatusReport)
    assert isinstance(client.ask(m.Attributes()), m.AttributeList)
    client.ask(m.Leave())
    client.channel.close()
    assert " ERROR " not in shared.log.read_text()
