"""Reads what clients say and answers what needs no computing; the rest goes to the desk."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version

from anycost_client.core.errors import UnknownKind, WireError, WrongVersion
from anycost_client.protocol import messages as m
from anycost_client.protocol.codec import Frame, decode_request, encode, kind_of
from anycost_models.core.errors import AnycostError
from anycost_models.core.peak_memory import peak_megabytes

from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.error_replies import failure
from anycost_backend.server.jobs import Answer, Desk
from anycost_backend.server.router_loop import Send

log = logging.getLogger(__name__)

WORK, CONTROL = 0, 1  # numbers of the sockets


class Reception:
    """For the threads of both sockets."""

    def __init__(
        self,
        desk: Desk,
        clients: ClientRegistry,
        refused: Callable[[], int],
        end: Callable[[str], None],
        heartbeat: float,
        patience: float,
    ) -> None:
        """refused: how many connections did not get in; end: ends the backend, with the reason
        heartbeat, patience: seconds, as in Welcome"""
        self._desk, self._clients, self._refused, self._end = desk, clients, refused, end
        self._heartbeat, self._patience = heartbeat, patience
        self._started = time.monotonic()

    def take(self, socket: int, address: bytes, frames: Sequence[Frame], send: Send) -> None:
        """Whatever the frames hold: it is answered, and nothing is raised."""

        def answer(reply: m.Reply) -> None:
            try:
                send(encode(reply))
            except WireError as error:
                send(encode(failure(reply.id, error)))

        try:
            request = decode_request(frames)
        except WireError as error:
            answer(_malformed(error))
            return
        log.debug("%s of %s…", kind_of(type(request)), request.id[:8])
        client = self._clients.heard((socket, address))
        try:
            if isinstance(request, m.Hello):
                self._hello(socket, address, request, answer)
            elif client is None:
                remedy = "send a hello first, on each socket"
                answer(m.Failed(id=request.id, cause="nobody has said hello here", remedy=remedy, reason="no_hello"))
            elif isinstance(request, m.CONTROL):
                self._control(request, client, answer)
            elif socket == CONTROL:
                text = f"{kind_of(type(request))} belongs on the work socket"
                answer(m.Failed(id=request.id, cause=text, remedy="see docs/protocol.md", reason="bad_message"))
            else:
                self._desk.take(request, client, answer)
        except Exception as error:
            answer(failure(request.id, error))

    def _hello(self, socket: int, address: bytes, request: m.Hello, answer: Answer) -> None:
        if not 1 <= len(request.client) <= 64:
            cause, remedy = "a client's name has 1 to 64 characters", "choose another"
            answer(m.Failed(id=request.id, cause=cause, remedy=remedy, reason="bad_message"))
            return
        if not self._clients.hello((socket, address), request.client):
            cause, remedy = "too many programs use the backend", "close one of them"
            answer(m.Failed(id=request.id, cause=cause, remedy=remedy, reason="busy"))
            return
        answer(
            m.Welcome(
                id=request.id,
                program=f"anycost {version('anycost-face-editor')}",
                pid=os.getpid(),
                model=self._desk.model,
                model_hash=self._model_hash,
                heartbeat=self._heartbeat,
                patience=self._patience,
            )
        )
        log.info("hello from %.40r", request.program)
        self._desk.load()

    @cached_property
    def _model_hash(self) -> str:
        """ "" when the model cannot be read: whoever needs it will be told why."""
        try:
            return self._desk.generator.sha256
        except AnycostError:
            return ""

    def _control(self, request: m.Request, client: str, answer: Answer) -> None:
        match request:
            case m.Ping():
                answer(m.Pong(id=request.id))
            case m.Status():
                answer(self._status(request.id))
            case m.Cancel():
                self._desk.cancel(client, request.what)
                answer(m.Done(id=request.id))
            case m.Leave():
                answer(m.Done(id=request.id))
                self.forget(client)
            case m.Shutdown():
                answer(m.Done(id=request.id))
                self._end("a client asked for it")

    def forget(self, client: str) -> None:
        """A client that has gone; the last one ends the backend."""
        self._clients.leave(client)
        self._desk.leave(client)
        if not len(self._clients):
            self._end("its last client has left")

    def _status(self, id: str) -> m.StatusReport:
        work = self._desk.work
        return m.StatusReport(
            id=id,
            running=work.running(),
            waiting=len(work.waiting(lambda job: job.id != "")),
            clients=len(self._clients),
            sessions=self._desk.sessions(),
            refused=self._refused(),
            seconds=time.monotonic() - self._started,
            peak_megabytes=peak_megabytes() or 0.0,
            sub_generators=self._desk.times(),
        )


def _malformed(error: WireError) -> m.Failed:
    reason = "bad_message"
    if isinstance(error, UnknownKind):
        reason = "unknown_message"
    elif isinstance(error, WrongVersion):
        reason = "version"
    return m.Failed(id=error.id, cause=error.cause, remedy=error.remedy, reason=reason)
