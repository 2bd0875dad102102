"""The backend process: its sockets, its threads, and when it ends."""

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
from anycost_client.process.log_file import log_path, open_log
from anycost_client.protocol.codec import MAX_FRAME_BYTES, MAX_HEADER_BYTES
from anycost_client.transport import connection_file as connection
from anycost_client.transport.file_lock import FileLock

from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.curve_auth import CurveAuthenticator
from anycost_backend.server.dispatcher import CONTROL, WORK, Dispatcher
from anycost_backend.server.local_endpoints import local_endpoints, raise_open_file_limit, remove_sockets
from anycost_backend.server.router_loop import RouterLoop

log = logging.getLogger(__name__)

_FIRST_CLIENT = 60.0  # seconds after which the backend ends if no client came


@dataclass(frozen=True)
class Options:
    connection_file: Path
    model: str
    idle: float = 1800.0  # seconds without jobs after which the backend ends; 0: never
    heartbeat: float = 2.0  # seconds between a client's pings
    patience: float = 8.0  # seconds without a message after which a client counts as gone
    stdin_ends: bool = False  # end with stdin even if it is no pipe


def serve(options: Options) -> bool:
    """Serves until the backend ends. False at once when another backend serves the same connection file.

    Raises ConnectionFileError when the file cannot be written, AnycostError when too few files may be open. End the
    process afterwards: a job may still run."""
    raise_open_file_limit()
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
        self._clients = ClientRegistry()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._authenticator = CurveAuthenticator(self._context)
        work_at, control_at = local_endpoints(options.connection_file)
        work, work_monitor, self._work_endpoint = self._authenticator.router(MAX_FRAME_BYTES, work_at)
        control, control_monitor, self._control_endpoint = self._authenticator.router(MAX_HEADER_BYTES, control_at)
        self._monitors = [work_monitor, control_monitor]
        self._dispatcher = Dispatcher(
            options.model,
            self._clients,
            lambda: self._authenticator.rejected,
            self.end,
            options.heartbeat,
            options.patience,
        )
        self._work = RouterLoop(work, partial(self._dispatcher.receive, WORK))
        self._control = RouterLoop(control, partial(self._dispatcher.receive, CONTROL), self._tick)
        self._reason = ""

    def run(self) -> None:
        """Runs in the main thread. Raises ConnectionFileError when the connection file cannot be written."""
        compute = threading.Thread(target=self._dispatcher.job_queue.run, name="compute", daemon=True)
        control = threading.Thread(target=self._control.run, name="control", daemon=True)
        compute.start()
        control.start()
        file, pid = self._options.connection_file, os.getpid()
        if os.name == "posix" and _is_pipe(2):
            os.set_blocking(2, False)  # a program that does not read its log holds nobody up
        try:
            connection.write(file, self._authenticator.connection(pid, self._work_endpoint, self._control_endpoint))
            log.info("listening on %s and %s", self._work_endpoint, self._control_endpoint)
            if self._options.stdin_ends or _is_pipe(0):
                threading.Thread(target=self._watch_stdin, name="stdin", daemon=True).start()
            self._work.run()
        finally:
            connection.remove(file, pid)  # first, so that no new client comes
            self.end("a fault")
            control.join(5)
            self._authenticator.close()
            self._context.destroy(linger=500)
            remove_sockets(file)
        log.info("ending: %s", self._reason)

    def end(self, reason: str) -> None:
        """For any thread and for signals. The first reason is logged."""
        self._reason = self._reason or reason
        self._dispatcher.job_queue.end()
        self._work.end()
        self._control.end()

    def _tick(self, suspended: float) -> None:
        """Called twice a second, in the control thread. suspended: seconds for which the process was suspended."""
        for monitor in self._monitors:
            self._authenticator.count(monitor)
        if suspended:
            log.info("suspended for %.0f s", suspended)
            self._clients.forgive(suspended)
        for client in self._clients.silent(self._options.patience):
            log.info("a client was silent for too long")
            self._dispatcher.forget(client)
        now = time.monotonic()
        if not self._clients.first and now - self._started > _FIRST_CLIENT:
            self.end("no client came")
        idle, job_queue = self._options.idle, self._dispatcher.job_queue
        if idle and not job_queue.running() and now - job_queue.last_used > idle:
            self.end("there was nothing to do")

    def _watch_stdin(self) -> None:
        """Forgets the program that started this process when it ends; other clients keep the backend."""
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        if _is_pipe(2):  # to that program, which wrote the log
            with contextlib.suppress(OSError), open_log(log_path()) as file:
                os.dup2(file.fileno(), 2)
        log.info("the program that started this has ended")
        if self._clients.first:
            self._dispatcher.forget(self._clients.first)
        else:
            self.end("the program that started it has ended")


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False
