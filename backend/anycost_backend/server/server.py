"""The backend as a process: its sockets, its threads, and when all of it ends."""

import contextlib
import logging
import os
import signal
import stat
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import zmq
from anycost_client.protocol.codec import MAX_FRAME_BYTES
from anycost_client.transport import connection_file as connection
from anycost_client.transport.file_lock import FileLock

from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.curve_auth import CurveAuthenticator
from anycost_backend.server.dispatcher import CONTROL, WORK, Reception
from anycost_backend.server.jobs import Desk
from anycost_backend.server.router_loop import RouterLoop

log = logging.getLogger(__name__)

_NOBODY = 60.0  # seconds in which the first client must come
_CONTROL_BYTES = 1 << 20


@dataclass(frozen=True)
class Options:
    connection_file: Path
    model: str
    idle: float = 1800.0  # seconds without work after which it ends; 0: never
    heartbeat: float = 2.0  # seconds between a client's signs of life
    patience: float = 8.0  # seconds without one after which a client counts as gone
    stdin_ends: bool = False  # it ends with its stdin, also where that is no pipe


def serve(options: Options) -> bool:
    """Until the end. False at once when another backend serves the same connection file.

    Raises ConnectionFileError when the file cannot be written. Afterwards the process should end: what was being
    computed may still be."""
    lock = FileLock(options.connection_file.with_suffix(".lock"))
    if not lock.acquire():
        return False
    try:
        server = Server(options)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: server.end(f"signal {number}"))
        server.run()
    finally:
        lock.release()
    return True


class Server:
    """One backend."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._started = time.monotonic()
        self._desk = Desk(options.model)
        self._clients = ClientRegistry()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gate = CurveAuthenticator(self._context)
        work, work_door, self._work_endpoint = self._gate.router(MAX_FRAME_BYTES)
        control, control_door, self._control_endpoint = self._gate.router(_CONTROL_BYTES)
        self._doors = [work_door, control_door]
        reception = Reception(
            self._desk, self._clients, lambda: self._gate.refused, self.end, options.heartbeat, options.patience
        )
        self._reception = reception
        self._work = RouterLoop(work, partial(reception.take, WORK))
        self._control = RouterLoop(control, partial(reception.take, CONTROL), self._look_around)
        self._why = ""

    def run(self) -> None:
        """In the main thread. Raises ConnectionFileError when the connection file cannot be written."""
        computing = threading.Thread(target=self._desk.work.run, name="compute", daemon=True)
        controlling = threading.Thread(target=self._control.run, name="control", daemon=True)
        computing.start()
        controlling.start()
        file, pid = self._options.connection_file, os.getpid()
        try:
            connection.write(file, self._gate.connection(pid, self._work_endpoint, self._control_endpoint))
            log.info("listening on %s and %s", self._work_endpoint, self._control_endpoint)
            if self._options.stdin_ends or _is_pipe(0):
                threading.Thread(target=self._watch_stdin, name="stdin", daemon=True).start()
            self._work.run()
        finally:
            connection.remove(file, pid)  # first, so that nobody comes any more
            self.end("a fault")
            controlling.join(5)
            self._gate.close()
            self._context.destroy(linger=500)
        log.info("ending: %s", self._why)

    def end(self, why: str) -> None:
        """For any thread, and for signals."""
        self._why = self._why or why
        self._desk.work.end()
        self._work.end()
        self._control.end()

    def _look_around(self, stood: float) -> None:
        """Twice a second, in the control thread."""
        for door in self._doors:
            self._gate.count(door)
        if stood:
            log.info("stood still for %.0f s", stood)
            self._clients.forgive(stood)
        for client in self._clients.silent(self._options.patience):
            log.info("a client has gone without a word")
            self._reception.forget(client)
        now = time.monotonic()
        if not self._clients.first and now - self._started > _NOBODY:
            self.end("nobody came")
        idle = self._options.idle
        if idle and not self._desk.work.running() and now - self._desk.work.used > idle:
            self.end("there was nothing to do")

    def _watch_stdin(self) -> None:
        """When the program that started it ends, that is as if it had left: others keep it until they leave."""
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        log.info("the program that started this has ended")
        if self._clients.first:
            self._reception.forget(self._clients.first)
        else:
            self.end("the program that started it has ended")


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False
