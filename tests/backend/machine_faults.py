"""A machine's faults, one each, for tests and `benchmarks/faults.py`: limits, full disks, damage, kills, others."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anycost_client.transport import connection_file
from serving import limit

NOBODY = 65534  # a user without files
FAULTY_WORDS = ("Traceback", "Exception ignored", "cffi callback")  # none of what a user may see


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int  # −N: by signal N
    said: str  # on standard error

    @property
    def fault(self) -> str:
        """What no user may meet; "" where the command was done, or said in one line why not."""
        if self.code < 0 or self.code > 2:
            return f"ended by {self.code}"
        if any(word in self.said for word in FAULTY_WORDS):
            return self.said[-300:]
        lines = [line for line in self.said.splitlines() if not line.startswith(("warning: ", "note: "))]
        if self.code and (len(lines) != 1 or not lines[0].startswith("anycost ")):
            return f"{len(lines)} lines: {self.said[-300:]}"
        return ""


def anycost(*words: object, limits: Mapping[int, int] | None = None, timeout: float = 300) -> Ended:
    """The command, in a process of its own. limits: RLIMIT_… → most"""
    command = [sys.executable, "-m", "anycost_backend", *map(str, words)]
    done = subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: limit(limits or {}),
        timeout=timeout,
        errors="replace",
    )
    return Ended(done.returncode, done.stderr)


def memory(most: int) -> dict[int, int]:
    """Limits for a process that may have so many bytes of addresses."""
    import resource  # not on Windows

    return {resource.RLIMIT_AS: most}


def descriptors(most: int) -> dict[int, int]:
    """Limits for a process that may open so many files at once."""
    import resource  # not on Windows

    return {resource.RLIMIT_NOFILE: most}


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes, whole pages, at `folder`, which is made. For root on Linux."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def flipped(data: bytes) -> bytes:
    """One bit in the middle is another."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :] if data else b"\x10"


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def emptied(data: bytes) -> bytes:
    return b""


def zeroed(data: bytes) -> bytes:
    return bytes(len(data))


Damage = Callable[[bytes], bytes]
DAMAGES: tuple[Damage, ...] = (flipped, cut, emptied, zeroed)


@contextlib.contextmanager
def damaged(path: Path, damage: Damage) -> Iterator[None]:
    """The file is damaged within the block; afterwards it is what it was, its times too."""
    before, about = path.read_bytes(), path.stat()
    path.write_bytes(damage(before))
    try:
        yield
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)
        path.chmod(about.st_mode & 0o777)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def killed(seconds: float, *words: object) -> int:
    """Runs the command and kills it after so long, as a power cut would. Its exit code: −9, or it was done before."""
    command = [sys.executable, "-m", "anycost_backend", *map(str, words)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return int(process.wait())


@contextlib.contextmanager
def suspended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """It stands still within the block, as with the lid closed."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def silent_peers(file: Path, count: int) -> Iterator[None]:
    """So many connections to each socket of a backend that say nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            for connection in _connections(file):
                stack.enter_context(connection)
        yield


@contextlib.contextmanager
def slow_peers(file: Path, count: int) -> Iterator[Callable[[], None]]:
    """Connections that begin as ZeroMQ's do, a byte at each call of what this gives. It may have been hung up on."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x01CURVE" + bytes(100)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(one) for _ in range(count) for one in _connections(file)]
        sent = 0

        def go_on() -> None:
            nonlocal sent
            for peer in peers:
                with contextlib.suppress(OSError):
                    peer.send(greeting[sent % len(greeting) :][:1])
            sent += 1

        yield go_on


def _connections(file: Path) -> list[socket.socket]:
    said = connection_file.read(file)
    made = []
    for endpoint in (said.work, said.control):
        path = connection_file.socket_path(endpoint)
        made.append(socket.socket(socket.AF_UNIX if path else socket.AF_INET))
        made[-1].connect(str(path) if path else ("127.0.0.1", int(endpoint.rpartition(":")[2])))
    return made


READ_ALL = """
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
for top in sys.argv[3:]:
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                open(os.path.join(folder, name), "rb").close()
            except OSError:
                continue
            print(os.path.join(folder, name))
for top in sys.argv[3:]:
    if os.access(top, os.R_OK) or os.access(top, os.X_OK):
        print(top)
"""


def open_to_others(*folders: Path) -> list[str]:
    """The files below the folders that another user can open, and the folders where that user gets in. For root."""
    command = [sys.executable, "-c", READ_ALL, "", str(NOBODY), *map(str, folders)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def wait_until(true: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()
