"""A real backend process, and a client that speaks to it through real sockets."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from anycost_client.protocol import messages as m
from anycost_client.transport import connection_file
from anycost_client.transport.zmq_channel import ZmqChannel
from anycost_models.core import paths
from anycost_models.core.signed_cache import key_path, own_key

R = TypeVar("R", bound=m.Reply)


def share_caches(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `home` the place of models and caches, apart from what this machine has exported and measured."""
    (home / "cache").mkdir()
    own_key(make=True)
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / key_path().name).symlink_to(key_path())
    for name in ("graphs", "times"):
        folder = paths.cache_dir() / name
        folder.mkdir(parents=True, exist_ok=True)
        (home / "cache" / name).symlink_to(folder)
    monkeypatch.setenv("ANYCOST_HOME", str(home))


def limit(limits: Mapping[int, int]) -> None:
    """For this process: RLIMIT_… → most."""
    import resource  # not on Windows

    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


class Client:
    """Says hello, answers for its life with pings while it waits, and sorts replies by request."""

    def __init__(self, file: Path, name: str = "a test") -> None:
        self.channel = ZmqChannel(connection_file.read(file))
        self.replies: dict[str, list[m.Reply]] = {}
        self._pinged = time.monotonic()
        self.welcome = self.ask(m.Hello(client=name))

    def send(self, request: m.Request) -> str:
        self.channel.send(request)
        return request.id

    def reply(self, id: str, *, timeout: float = 60, progress: bool = False) -> Any:
        """The next one to that request."""
        deadline = time.monotonic() + timeout
        while True:
            waiting = self.replies.setdefault(id, [])
            while waiting:
                reply = waiting.pop(0)
                if progress or not isinstance(reply, m.Progress):
                    return reply
            if time.monotonic() > deadline:
                raise TimeoutError(f"no reply within {timeout} s")
            self.look()

    def look(self, seconds: float = 0.1) -> None:
        """Takes in what comes."""
        for reply in self.channel.poll(seconds):
            if not isinstance(reply, m.Pong) or reply.id in self.replies:
                self.replies.setdefault(reply.id, []).append(reply)
        if time.monotonic() > self._pinged + 0.2:
            self._pinged = time.monotonic()
            self.channel.send(m.Ping())

    def ask(self, request: m.Request, *, timeout: float = 60) -> Any:
        self.replies[request.id] = []
        return self.reply(self.send(request), timeout=timeout)

    def open(self, pixels: np.ndarray, **options: Any) -> m.RegionOpened:
        """[H, W, C], uint8, uint16 or float32."""
        opened = self.ask(m.OpenRegion(image=picture(pixels), **options))
        assert isinstance(opened, m.RegionOpened), opened
        return opened


def picture(pixels: np.ndarray) -> m.Picture:
    depths: dict[str, m.BitDepth] = {"uint8": "8", "uint16": "16", "float16": "16f", "float32": "32f"}
    height, width, channels = pixels.shape
    return m.Picture.packed(width, height, channels, pixels.tobytes(), depths[str(pixels.dtype)])


def array(picture: m.Picture) -> np.ndarray:
    """[H, W, C]; the rows are packed."""
    dtypes = {"8": np.uint8, "16": np.uint16, "16f": np.float16, "32f": np.float32}
    shape = picture.height, picture.width, picture.channels
    return np.frombuffer(picture.data, dtypes[picture.bit_depth]).reshape(shape)


class Backend:
    """`anycost serve` with a connection file of its own in `folder`, for this user alone.

    limits: RLIMIT_… → most."""

    def __init__(
        self, folder: Path, *options: str, stdin: int = subprocess.DEVNULL, limits: Mapping[int, int] | None = None
    ) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.file = folder / "connection.json"
        self.log = folder / "log"
        command = [sys.executable, "-m", "anycost_backend", "serve", "--connection", str(self.file), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=stdin, stderr=log, env=os.environ, preexec_fn=(lambda: limit(limits)) if limits else None
            )

    def started(self, timeout: float = 60) -> "Backend":
        """When its file is there."""
        deadline = time.monotonic() + timeout
        while not self.file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.02)
        return self

    def ended(self, timeout: float = 30) -> int:
        """Its exit code."""
        return self.process.wait(timeout)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
