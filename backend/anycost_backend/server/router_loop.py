"""One ROUTER socket and the thread that owns it: receives messages, and sends replies from any thread."""

import contextlib
import logging
import queue
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import zmq
from anycost_client.protocol.codec import Frame

log = logging.getLogger(__name__)

_TICK = 0.5  # seconds
_MAX_RECEIVED = 64  # messages received before replies are sent
_MAX_COPIED = 1 << 16  # bytes: larger frames stay in ZeroMQ's memory
_LINGER = 500  # milliseconds for the last replies

T = TypeVar("T")
Send = Callable[[Sequence[Frame]], None]


class RouterLoop:
    """`run` belongs to one thread; `end` is for any thread. Errors of `receive` and `tick` are logged."""

    def __init__(
        self,
        router: "zmq.Socket[bytes]",
        receive: Callable[[bytes, Sequence[Frame], Send], None],
        tick: Callable[[float], None] = lambda suspended: None,
    ) -> None:
        """receive: called with the sender's address, a message's frames, and what sends frames back (from any thread)
        tick: called about twice a second, with the seconds for which the process was suspended"""
        self._router = router
        self._receive = receive
        self._tick = tick
        self._outgoing: Mailbox[tuple[bytes, Sequence[Frame]]] = Mailbox()
        self._ended = False

    def run(self) -> None:
        """Until `end` is called; then closes the socket."""
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._outgoing.fileno(), zmq.POLLIN)
        ticked = time.monotonic()
        while not self._ended:
            if self._router in dict(poller.poll(int(_TICK * 1000))):
                self._receive_all()
            self._send_all()
            passed = time.monotonic() - ticked
            if passed >= _TICK:
                ticked += passed
                # While the process was suspended nobody could be heard, so clients must not count as silent.
                self._log_errors(self._tick, passed if passed > 4 * _TICK else 0.0)
        self._send_all()
        self._router.close(_LINGER)
        self._outgoing.close()

    def end(self) -> None:
        self._ended = True
        self._outgoing.wake()

    def _receive_all(self) -> None:
        for _ in range(_MAX_RECEIVED):
            try:
                name, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            address = name.bytes
            self._log_errors(
                self._receive,
                address,
                [frame.buffer if len(frame) > _MAX_COPIED else frame.bytes for frame in frames],
                lambda frames, address=address: self._outgoing.put((address, frames)),
            )

    def _send_all(self) -> None:
        for address, frames in self._outgoing.take_all():
            # Dropped when the client is gone or does not read.
            self._router.send_multipart([address, *frames], zmq.NOBLOCK, copy=False)

    def _log_errors(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            log.exception("a fault in %s", getattr(function, "__name__", "a loop"))


class Mailbox(Generic[T]):
    """Hands items to a thread that polls sockets: two threads must not share a ZeroMQ socket.

    `put` and `wake` are for any thread. The owner polls `fileno()` for reading and then calls `take_all()`."""

    def __init__(self) -> None:
        self._sender, self._receiver = socket.socketpair()
        for end in (self._sender, self._receiver):
            end.setblocking(False)
        self._items: queue.SimpleQueue[T] = queue.SimpleQueue()

    def fileno(self) -> int:
        return self._receiver.fileno()

    def put(self, item: T) -> None:
        self._items.put(item)
        self.wake()

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # the buffer is full: the owner wakes anyway; closed: there is no owner
            self._sender.send(b"w")

    def take_all(self) -> list[T]:
        with contextlib.suppress(OSError):
            self._receiver.recv(4096)
        items = []
        with contextlib.suppress(queue.Empty):
            while True:
                items.append(self._items.get_nowait())
        return items

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()
