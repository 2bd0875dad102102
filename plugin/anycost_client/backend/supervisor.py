"""Starts the backend, watches its heartbeat, and starts it again when it is lost."""

import collections
import threading
import time

from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import BackendError, ChannelClosed, ClientError, WireError, WrongVersion
from anycost_client.core.redact import redact
from anycost_client.process.log_file import keep_short
from anycost_client.protocol.events import PAUSES, Asleep, Connected, Event, Lost, Unavailable
from anycost_client.protocol.messages import (
    Failed,
    Leave,
    Ping,
    Pong,
    Progress,
    Request,
    Status,
    StatusReport,
    Welcome,
)
from anycost_client.transport.channel import Channel
from anycost_client.transport.routing import sockets_of

HEALTHY = 60.0  # seconds of life after which earlier ends are forgotten
SILENCE = 10.0  # seconds without any sign of life after which a backend counts as lost
_WORK_SILENCE = 6  # times as long a ping may wait on the work socket, behind a large picture
_CUT = "the connection to the backend broke", "select a smaller part of the picture, then try again"


class Supervisor:
    """`step` is called again and again by one thread; `send`, `retry` and `end` by any."""

    def __init__(self, backend: Backend, silence: float = SILENCE) -> None:
        self._backend = backend
        self._silence = silence
        self._ending = threading.Event()
        self._woken = threading.Event()
        self._retry = threading.Event()
        self._given_up = self._asleep = False
        self._channel: Channel | None = None
        self._outbox: collections.deque[Request] = collections.deque()
        self._unanswered: dict[str, None] = {}  # ids, oldest first
        self._pings: dict[str, tuple[float, int]] = {}  # id → monotonic seconds, sockets that have not answered it
        self._starts = 0  # again, since the last healthy time
        self._not_before = 0.0  # monotonic seconds: when to start again
        self._heartbeat = 2.0
        self._since = self._heard = self._pinged = self._stepped = 0.0  # monotonic seconds

    def send(self, request: Request) -> None:
        """Never blocks. Every request is answered: by the backend, or by a Failed with the reason "lost"."""
        self._outbox.append(request)
        self._wake()

    def retry(self) -> None:
        """After Unavailable: try again."""
        self._retry.set()
        self._wake()

    def end(self) -> None:
        """Makes a running `step` return soon, even while a backend starts."""
        self._ending.set()
        self._wake()

    def step(self, timeout: float) -> list[Event]:
        """Returns the events of up to `timeout` seconds (more while a backend starts)."""
        if self._retry.is_set():
            self._retry.clear()
            self._given_up, self._starts = False, 0
        if self._given_up or (self._asleep and not self._outbox):
            self._woken.wait(timeout)
            self._woken.clear()
            return self._fail_unsent("there is no backend") if self._given_up else []
        if self._channel is None:
            self._ending.wait(max(self._not_before - time.monotonic(), 0))
            return self._connect()
        try:
            return self._exchange(self._channel, timeout)
        except (ChannelClosed, WrongVersion) as error:
            return self._lost(error.cause)

    def fail(self, cause: str, remedy: str) -> list[Event]:
        """Gives up because of an error in the caller."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        return self._give_up(cause, remedy)

    def close(self) -> None:
        """Leaves the backend, and ends it if it was started here and has no other client. Takes up to 6 seconds."""
        if self._channel is not None:
            others = self._leave(self._channel)
            self._channel.close()
            self._channel = None
            if others:
                return
        self._backend.stop()

    # ------------------------------------------------------------------ inside

    def _wake(self) -> None:
        self._woken.set()
        channel = self._channel
        if channel is not None:
            channel.wake()

    def _connect(self) -> list[Event]:
        try:
            self._channel, welcome = self._backend.connect(cancelled=self._ending.is_set)
        except ClientError as error:
            if (isinstance(error, BackendError) and not error.final) and not self._ending.is_set():
                return self._lost(error.cause)
            return self._give_up(error.cause, error.remedy)
        self._since = self._heard = self._pinged = self._stepped = time.monotonic()
        self._pings.clear()
        self._asleep = False
        self._heartbeat = min(max(welcome.heartbeat, 0.2), 5.0)
        return [Connected(welcome)]

    def _exchange(self, channel: Channel, timeout: float) -> list[Event]:
        events: list[Event] = []
        while self._outbox:
            request = self._outbox.popleft()
            self._unanswered[request.id] = None
            try:
                channel.send(request)
            except WireError as error:
                events.append(Failed(id=request.id, cause=error.cause, remedy=error.remedy, reason="bad_message"))
                del self._unanswered[request.id]
        for reply in channel.poll(0 if events else min(timeout, self._heartbeat / 2)):
            self._heard = time.monotonic()
            if isinstance(reply, Failed) and reply.reason == "no_hello":
                return events + self._forgotten(channel)
            if isinstance(reply, Failed) and not reply.id:  # to a message that the backend could not read
                return events + self._lost(reply.cause, reply.remedy)
            if isinstance(reply, Pong):
                self._answered_ping(reply.id)
            elif not isinstance(reply, Welcome):
                if not isinstance(reply, Progress):  # better previews may follow, but need not
                    self._unanswered.pop(reply.id, None)
                events.append(reply)
        return events + self._listen(channel)

    def _listen(self, channel: Channel) -> list[Event]:
        """Sends Pings, and detects a backend that ended or is silent."""
        now = time.monotonic()
        if now - self._stepped > self._silence / 2:  # this machine slept: give the backend time to wake up as well
            self._heard = now
            self._pings.clear()
        self._stepped = now
        if now - self._since > HEALTHY:
            self._starts = 0
        if now - self._pinged >= self._heartbeat:
            self._pinged = now
            ping = Ping()
            self._pings[ping.id] = now, len(sockets_of(ping))
            channel.send(ping)
            keep_short(self._backend.log)
            if self._backend.gone():
                if self._backend.ended_well() and not self._unanswered:
                    return self._sleep(channel)
                return self._lost("the backend has ended unexpectedly")
        if now - self._heard > self._silence:
            self._backend.kill()
            return self._lost(f"the backend has said nothing for {self._silence:.0f} seconds")
        if self._pings and now - next(iter(self._pings.values()))[0] > _WORK_SILENCE * self._silence:
            return self._lost(*_CUT)  # one of the two sockets answers no more
        return []

    def _answered_ping(self, id: str) -> None:
        sent, missing = self._pings.pop(id, (0.0, 0))
        if missing > 1:
            self._pings[id] = sent, missing - 1

    def _forgotten(self, channel: Channel) -> list[Event]:
        """The backend does not know who speaks: this process was suspended for long, or a socket was cut and has
        connected anew (a frame for which there was no memory cuts it). It says Hello again."""
        if self._unanswered:
            return self._lost(*_CUT)
        channel.close()
        self._channel = None
        return []

    def _sleep(self, channel: Channel) -> list[Event]:
        channel.close()
        self._channel = None
        self._backend.stop()  # forgets it
        self._asleep = True
        return [Asleep()]

    def _lost(self, cause: str, remedy: str = "") -> list[Event]:
        """remedy: where there is a better one than to look into the log, should it be lost again and again."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        events = self._fail_unanswered(cause, remedy or "try again")
        if self._starts >= len(PAUSES):
            return events + self._give_up(f"{cause}, again and again", remedy or f"see {self._backend.log}")
        self._not_before = time.monotonic() + PAUSES[self._starts]
        self._starts += 1
        return [*events, Lost(redact(cause), self._starts)]

    def _give_up(self, cause: str, remedy: str) -> list[Event]:
        self._given_up = True
        return [*self._fail_unanswered(cause), *self._fail_unsent(cause), Unavailable(redact(cause), redact(remedy))]

    def _fail_unanswered(self, cause: str, remedy: str = "try again") -> list[Event]:
        """Answers the requests that were sent."""
        ids = list(self._unanswered)
        self._unanswered.clear()
        return [Failed(id=id, cause=redact(cause), remedy=redact(remedy), reason="lost") for id in ids]

    def _fail_unsent(self, cause: str) -> list[Event]:
        """Answers the requests that wait to be sent."""
        events: list[Event] = []
        while self._outbox:
            events.append(Failed(id=self._outbox.popleft().id, cause=redact(cause), remedy="try again", reason="lost"))
        return events

    def _leave(self, channel: Channel) -> int:
        """Returns the number of other clients; 0 where the backend does not say."""
        status, leave, others = Status(), Leave(), 0
        try:
            channel.send(status)
            channel.send(leave)
            deadline = time.monotonic() + 1.0
            while time.monotonic() < deadline and not self._backend.gone():
                for reply in channel.poll(0.1):
                    if isinstance(reply, StatusReport) and reply.id == status.id:
                        others = max(reply.clients - 1, 0)
                    if reply.id == leave.id:
                        return others
        except ClientError:
            pass
        return others
