"""A channel through the stdin and stdout of a child process, which has the pyzmq that this Python lacks."""

import collections
import contextlib
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import BinaryIO

from anycost_client.core.errors import ChannelClosed, WireError
from anycost_client.process.launch import child_options
from anycost_client.process.log_file import log_path, open_log
from anycost_client.protocol.codec import Frame, encode
from anycost_client.protocol.messages import Reply, Request
from anycost_client.transport.pipe_framing import read_message, write_message
from anycost_client.transport.routing import reply_of, sockets_of

_GONE = "the bridge to the backend has ended", "try again"


class BridgeChannel:
    """See `Channel`. One thread reads the child, one writes to it, so that neither `send` nor `poll` waits for it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._changed = threading.Condition()
        self._outgoing: tuple[collections.deque[list[Frame]], ...] = (collections.deque(), collections.deque())
        self._incoming: collections.deque[list[bytes | bytearray]] = collections.deque()
        self._woken = self._ended = False
        self._threads = [
            threading.Thread(target=work, name=f"anycost bridge {work.__name__.strip('_')}", daemon=True)
            for work in (self._read, self._write)
        ]
        for thread in self._threads:
            thread.start()

    @classmethod
    def start(cls, python: Path, connection_file: Path) -> "BridgeChannel":
        """Raises ChannelClosed when `python` (the backend's) cannot be run."""
        command = [str(python), "-I", "-X", "utf8", "-m", "anycost_backend", "bridge"]
        command += ["--connection", str(connection_file)]
        try:
            with _log() as log:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, **child_options()
                )
        except OSError as error:
            raise ChannelClosed(
                f"cannot start {python} ({error.strerror})", "run 'python3 installer install' again"
            ) from error
        return cls(process)

    def send(self, request: Request) -> None:
        frames = encode(request)
        with self._changed:
            if self._ended:
                raise ChannelClosed(*_GONE)
            for which in sockets_of(request):
                self._outgoing[which].append(frames)
            self._changed.notify_all()

    def poll(self, timeout: float) -> list[Reply]:
        with self._changed:
            deadline = time.monotonic() + timeout
            while not (self._incoming or self._woken or self._ended):
                if not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    break
            came = list(self._incoming)
            self._incoming.clear()
            self._woken = False
            if self._ended and not came:
                raise ChannelClosed(*_GONE)
        replies = (reply_of(frames) for frames in came)
        return [reply for reply in replies if reply is not None]

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._process.kill()  # it holds nothing of worth, and this frees threads that wait for it
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        if not pipe:
            return
        with contextlib.suppress(OSError, ValueError, WireError):
            while message := read_message(pipe):  # type: ignore[arg-type]
                with self._changed:
                    self._incoming.append(message[1])
                    self._changed.notify_all()
        self._end()

    def _write(self) -> None:
        pipe = self._process.stdin
        if not pipe:
            return
        with contextlib.suppress(OSError, ValueError):
            while True:
                with self._changed:
                    while not (self._ended or any(self._outgoing)):
                        self._changed.wait()
                    if self._ended:
                        break
                    which = int(bool(self._outgoing[1]))  # control goes first
                    frames = self._outgoing[which].popleft()
                write_message(pipe, which, frames)  # type: ignore[arg-type]
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _log() -> BinaryIO:
    """Where there is none, it does without."""
    try:
        return open_log(log_path())
    except OSError:
        return open(os.devnull, "wb")
