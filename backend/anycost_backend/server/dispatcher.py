"""Decodes requests. A table has the handler of each kind: it answers at once, or queues a job."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from anycost_client.core.errors import UnknownKind, WireError, WrongVersion
from anycost_client.protocol import messages as m
from anycost_client.protocol.codec import Frame, decode_request, encode, kind_of
from anycost_models.core.errors import AnycostError
from anycost_models.core.peak_memory import peak_megabytes
from anycost_models.hub.imported_models import EMBEDDED

from anycost_backend.server.client_registry import ClientRegistry
from anycost_backend.server.error_replies import dropped_reply, failed_reply
from anycost_backend.server.job_queue import Job, JobQueue
from anycost_backend.server.router_loop import Send

if TYPE_CHECKING:
    from anycost_models.export.graph_cache import GeneratorFile

    from anycost_backend.server.attribute_service import AttributeService
    from anycost_backend.server.edit_service import EditService

log = logging.getLogger(__name__)

WORK, CONTROL = 0, 1  # numbers of the sockets
MAX_WAITING = 64  # requests of one client
MAX_WAITING_BYTES = 1 << 30  # of pixels that they hold, unless it is one alone

Answer = Callable[[m.Reply], None]


@dataclass(frozen=True)
class Call:
    """One request of one client."""

    request: Any  # of the kind that the handler is registered for
    client: str
    answer: Answer  # may be called from any thread, several times


Handler = Callable[[Call], None]


class Dispatcher:
    """For the threads of both sockets. It imports nothing heavy: the jobs do."""

    def __init__(
        self,
        model: str,
        clients: ClientRegistry,
        rejected: Callable[[], int],
        end: Callable[[str], None],
        heartbeat: float,
        patience: float,
    ) -> None:
        """model: a generator's name
        rejected: returns the number of rejected connections; end: ends the backend, for a reason
        heartbeat, patience: seconds, as in Welcome"""
        self.model = model
        self.job_queue = JobQueue()
        self._clients, self._rejected, self._end = clients, rejected, end
        self._heartbeat, self._patience = heartbeat, patience
        self._started = time.monotonic()
        self._warming_up = False
        self._edit_service: EditService | None = None
        self._attribute_service: AttributeService | None = None
        self._handlers: dict[type[m.Request], Handler] = {
            # Answered at once.
            m.Ping: lambda call: call.answer(m.Pong(id=call.request.id)),
            m.Status: lambda call: call.answer(self._status(call.request.id)),
            m.Cancel: self._cancel,
            m.Leave: self._leave,
            m.Shutdown: self._shutdown,
            m.Close: self._close,
            # Jobs of the compute thread.
            m.OpenRegion: self._open_region,
            m.Edit: self._edit,
            m.Refine: self._job_handler("refining a face", lambda: self.edit_service.refine, preemptible=True),
            m.Sketch: self._job_handler("sketching edits", lambda: self.edit_service.sketch, preemptible=True),
            m.ReadLatent: self._job_handler("reading a latent", lambda: self.edit_service.read_latent),
            m.RenderSample: self._job_handler("drawing a sample", lambda: self.edit_service.render_sample),
            m.Attributes: self._attributes,
            m.LearnAttribute: self._job_handler(
                "learning an attribute", lambda: self.attribute_service.learn, preemptible=True
            ),
            m.ReadHandles: self._job_handler(
                "measuring handles", lambda: self.attribute_service.read_handles, preemptible=True
            ),
            m.RemoveAttribute: self._job_handler("removing an attribute", lambda: self.attribute_service.remove),
            m.MatchFace: self._job_handler("matching a face", lambda: self.attribute_service.match, preemptible=True),
        }

    @property
    def edit_service(self) -> "EditService":
        """For the compute thread: its first use imports the libraries."""
        if self._edit_service is None:
            from anycost_backend.server.edit_service import EditService

            self._edit_service = EditService(self.model, self.job_queue)
        return self._edit_service

    @property
    def attribute_service(self) -> "AttributeService":
        """For the compute thread, as `edit_service`."""
        if self._attribute_service is None:
            from anycost_backend.server.attribute_service import AttributeService

            self._attribute_service = AttributeService(self.edit_service, self.job_queue)
        return self._attribute_service

    def receive(self, socket: int, address: bytes, frames: Sequence[Frame], send: Send) -> None:
        """Answers the message in these frames, whatever they hold. Raises nothing.

        socket: WORK or CONTROL; address: ZeroMQ's name of the sender; send: sends frames back, from any thread"""

        def answer(reply: m.Reply) -> None:
            try:
                send(encode(reply))
            except WireError as error:
                send(encode(failed_reply(reply.id, error)))

        try:
            request = decode_request(frames)
        except WireError as error:
            answer(_malformed(error))
            return
        kind = kind_of(type(request))
        log.debug("%s of %s…", kind, request.id[:8])
        client = self._clients.heard((socket, address))
        try:
            if isinstance(request, m.Hello):
                self._hello(socket, address, request, answer)
            elif client is None:
                remedy = "send a hello first, on each socket"
                answer(m.Failed(id=request.id, cause="nobody has said hello here", remedy=remedy, reason="no_hello"))
            elif socket == CONTROL and not isinstance(request, m.CONTROL):
                cause = f"{kind} belongs on the work socket"
                answer(m.Failed(id=request.id, cause=cause, remedy="see docs/protocol.md", reason="bad_message"))
            else:
                self._handlers[type(request)](Call(request, client, answer))
        except Exception as error:
            answer(failed_reply(request.id, error))

    def forget(self, client: str) -> None:
        """Removes a client with its jobs and sessions; the last one ends the backend."""
        self._clients.leave(client)
        self.job_queue.stop("cancelled", lambda job: job.client == client)
        self.job_queue.put(Job("", "", "closing", lambda job: self.edit_service.close_all(client)))
        if not len(self._clients):
            self._end("its last client has left")

    # ------------------------------------------------------------------ answered at once

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
                model=self.model,
                model_hash=self._model_hash,
                heartbeat=self._heartbeat,
                patience=self._patience,
            )
        )
        log.info("hello from %.40r", request.program)
        if not self._warming_up:
            self._warming_up = True
            self.job_queue.put(
                Job("", "", "loading the models", lambda job: self.edit_service.warm_up.load(), idle_only=True)
            )

    @cached_property
    def _generator_file(self) -> "GeneratorFile":
        """Raises AnycostError when the model's file is missing or damaged."""
        from anycost_models.export.graph_cache import GeneratorFile
        from anycost_models.hub.imported_models import model_path

        return GeneratorFile.read(model_path(self.model))

    @cached_property
    def _model_hash(self) -> str:
        """ "" when the model cannot be read: the first request that needs it answers why."""
        try:
            return self._generator_file.sha256
        except AnycostError:
            return ""

    def _status(self, id: str) -> m.StatusReport:
        service = self._edit_service
        return m.StatusReport(
            id=id,
            running=self.job_queue.running(),
            waiting=len(self.job_queue.waiting(lambda job: job.request_id != "")),
            clients=len(self._clients),
            sessions=service.session_count if service else 0,
            refused=self._rejected(),
            seconds=time.monotonic() - self._started,
            peak_megabytes=peak_megabytes() or 0.0,
            sub_generators=service.latencies() if service else (),
            frames_per_second=service.warm_up.frames_per_second if service else 0,
        )

    def _cancel(self, call: Call) -> None:
        """Cancels one request of the client; "": all of them."""
        id = call.request.what
        self.job_queue.stop(
            "cancelled", lambda job: job.client == call.client and job.request_id != "" and id in ("", job.request_id)
        )
        call.answer(m.Done(id=call.request.id))

    def _leave(self, call: Call) -> None:
        call.answer(m.Done(id=call.request.id))
        self.forget(call.client)

    def _shutdown(self, call: Call) -> None:
        call.answer(m.Done(id=call.request.id))
        self._end("a client asked for it")

    def _close(self, call: Call) -> None:
        session = call.request.session
        self.job_queue.stop("closed", lambda job: job.client == call.client and job.session == session)
        self.job_queue.put(Job("", "", "closing", lambda job: self.edit_service.close(session, call.client)))
        call.answer(m.Done(id=call.request.id))

    def _attributes(self, call: Call) -> None:
        """At once for the embedded model: editors show nothing before they know the sliders."""
        if self.model == EMBEDDED:
            from anycost_backend.server.attribute_list import embedded_attributes

            call.answer(embedded_attributes(call.request.id, self._generator_file))
        else:
            self._put(call, self._job(call, "listing attributes", lambda: self.edit_service.list_attributes))

    # ------------------------------------------------------------------ jobs

    def _job(
        self, call: Call, description: str, method: Callable[[], Callable[[Job, Any, Answer], None]], **options: Any
    ) -> Job:
        """A job that answers the request. method: looks up the service's method, in the compute thread."""
        request, answer = call.request, call.answer
        return Job(
            call.client,
            request.id,
            description,
            run=lambda job: method()(job, request, answer),
            on_dropped=lambda job, reason: answer(dropped_reply(request, reason)),
            on_failed=lambda job, error: answer(failed_reply(request.id, error)),
            on_progress=lambda what, fraction, text: answer(
                m.Progress(id=request.id, what=what, fraction=fraction, text=text)
            ),
            session=getattr(request, "session", ""),
            **options,
        )

    def _job_handler(
        self, description: str, method: Callable[[], Callable[[Job, Any, Answer], None]], **options: Any
    ) -> Handler:
        return lambda call: self._put(call, self._job(call, description, method, **options))

    def _put(self, call: Call, job: Job) -> None:
        """Queues a job; refuses it where the client has too much waiting, unless it replaces what waits."""
        waiting = self.job_queue.waiting(lambda other: other.client == call.client and other.request_id != "")
        replaces = job.key is not None and any(other.key == job.key for other in waiting)
        too_many = len(waiting) >= MAX_WAITING or sum(other.size for other in waiting) + job.size > MAX_WAITING_BYTES
        if waiting and not replaces and too_many:
            cause, remedy = "too many requests of this program are waiting", "wait for the answers to earlier ones"
            call.answer(m.Failed(id=call.request.id, cause=cause, remedy=remedy, reason="busy"))
        else:
            self.job_queue.put(job)

    def _open_region(self, call: Call) -> None:
        call.answer(m.Progress(id=call.request.id, what="finding faces"))
        size = sum(len(picture.data) for picture in (call.request.image, call.request.selection) if picture)
        self._put(call, self._job(call, "finding faces", lambda: self.edit_service.open, size=size))

    def _edit(self, call: Call) -> None:
        final = call.request.quality == "final"
        description = "drawing the final picture" if final else "drawing a preview"
        # Of their own keys: neither takes the place of the other, so that a preview still gets better after an Apply.
        key = "final" if final else "preview", call.client, call.request.session
        self._put(call, self._job(call, description, lambda: self.edit_service.edit, key=key, preview=not final))


def _malformed(error: WireError) -> m.Failed:
    reason = "bad_message"
    if isinstance(error, UnknownKind):
        reason = "unknown_message"
    elif isinstance(error, WrongVersion):
        reason = "version"
    return m.Failed(id=error.id, cause=error.cause, remedy=error.remedy, reason=reason)
