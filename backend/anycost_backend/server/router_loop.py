"""One ROUTER socket with the thread that owns it: messages in, and replies out that any thread may give."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import zmq
from anycost_client.protocol.codec import Frame

from anycost_backend.server.mailbox import Mailbox

log = logging.getLogger(__name__)

_TICK = 0.5  # seconds
_AT_ONCE = 64  # messages taken before replies are sent
_COPIED = 1 << 16  # bytes: larger frames stay where ZeroMQ received them
_LINGER = 500  # milliseconds that the last replies get

Send = Callable[[Sequence[Frame]], None]


class RouterLoop:
    """`run` in one thread; `end` is for any. What `take` and `tick` raise is logged, and the line goes on."""

    def __init__(
        self,
        router: "zmq.Socket[bytes]",
        take: Callable[[bytes, Sequence[Frame], Send], None],
        tick: Callable[[float], None] = lambda stood: None,
    ) -> None:
        """take: is given the sender's name, a message's frames, and what sends it frames back (from any thread)
        tick: is called about twice a second, with the seconds for which this process stood still meanwhile"""
        self._router = router
        self._take = take
        self._tick = tick
        self._outgoing: Mailbox[tuple[bytes, Sequence[Frame]]] = Mailbox()
        self._ended = False

    def run(self) -> None:
        """Until the end; then the socket is closed."""
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._outgoing.fileno(), zmq.POLLIN)
        ticked = time.monotonic()
        while not self._ended:
            if self._router in dict(poller.poll(int(_TICK * 1000))):
                self._receive()
            self._send_all()
            passed = time.monotonic() - ticked
            if passed >= _TICK:
                ticked += passed
                # What came meanwhile lies unread: a process that was suspended must not call others silent.
                self._guarded(self._tick, passed if passed > 4 * _TICK else 0.0)
        self._send_all()
        self._router.close(_LINGER)
        self._outgoing.close()

    def end(self) -> None:
        self._ended = True
        self._outgoing.wake()

    def _receive(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                name, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            address = name.bytes
            self._guarded(
                self._take,
                address,
                [frame.buffer if len(frame) > _COPIED else frame.bytes for frame in frames],
                lambda frames, address=address: self._outgoing.put((address, frames)),
            )

    def _send_all(self) -> None:
        for address, frames in self._outgoing.all():
            # Nobody there any more, or somebody who does not read: dropped.
            self._router.send_multipart([address, *frames], zmq.NOBLOCK, copy=False)

    def _guarded(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            log.exception("a fault in %s", getattr(function, "__name__", "a line"))
