"""A channel over two encrypted ZeroMQ sockets on this machine: one for work, one that never waits behind it."""

import contextlib
import math
import os
import socket
import weakref

import zmq

from anycost_client.core.errors import ChannelClosed
from anycost_client.protocol.codec import ENCRYPTION_BYTES, MAX_FRAME_BYTES, Frame, encode
from anycost_client.protocol.messages import Reply, Request
from anycost_client.transport.connection_file import Connection
from anycost_client.transport.routing import reply_of, sockets_of


class ZmqSockets:
    """The two sockets, in frames: what `ZmqChannel` and the bridge share. For one thread, apart from `wake`."""

    def __init__(self, connection: Connection) -> None:
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._waker, self._woken = socket.socketpair()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._poller.register(self._woken, zmq.POLLIN)
        self._sockets = [self._dealer(connection, endpoint) for endpoint in (connection.work, connection.control)]
        # Forgotten without `close`, a context would wait for its sockets for ever when it is collected.
        self._end = weakref.finalize(self, _end, self._context, self._sockets)

    def _dealer(self, connection: Connection, endpoint: str) -> "zmq.Socket[bytes]":
        dealer = self._context.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES + ENCRYPTION_BYTES)
        dealer.curve_serverkey = connection.server_public.encode()
        dealer.curve_publickey = connection.client_public.encode()
        dealer.curve_secretkey = connection.client_secret.encode()
        try:
            dealer.connect(os.fsencode(endpoint))  # type: ignore[arg-type]  # bytes are taken: a path may be no text
        except zmq.ZMQError as error:
            dealer.close()
            raise ChannelClosed(f"the backend's socket cannot be used ({error})", "start the backend again") from error
        self._poller.register(dealer, zmq.POLLIN)
        return dealer

    def send(self, frames: list[Frame], which: int) -> None:
        if self._context.closed:
            raise ChannelClosed("the connection to the backend is closed", "connect again")
        try:
            self._sockets[which].send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again as error:
            raise ChannelClosed("the backend takes no more messages", "restart the backend") from error

    def poll(self, timeout: float) -> list[tuple[int, list[bytes]]]:
        """(0 or 1, frames) of each message that has come."""
        if self._context.closed:
            raise ChannelClosed("the connection to the backend is closed", "connect again")
        ready = dict(self._poller.poll(math.ceil(max(timeout, 0) * 1000)))
        if self._woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
        came: list[tuple[int, list[bytes]]] = []
        for which in (1, 0):
            with contextlib.suppress(zmq.Again):
                while self._sockets[which] in ready:
                    came.append((which, self._sockets[which].recv_multipart(zmq.NOBLOCK)))
        return came

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake; closed: nobody waits
            self._waker.send(b"w")

    def close(self) -> None:
        self._end()
        self._waker.close()
        self._woken.close()


def _end(context: "zmq.Context[zmq.Socket[bytes]]", sockets: "list[zmq.Socket[bytes]]") -> None:
    for one in sockets:
        one.close(linger=0)
    context.term()


class ZmqChannel:
    """See `Channel`."""

    def __init__(self, connection: Connection) -> None:
        self._sockets = ZmqSockets(connection)
        self.wake = self._sockets.wake
        self.close = self._sockets.close

    def send(self, request: Request) -> None:
        frames = encode(request)
        for which in sockets_of(request):
            self._sockets.send(frames, which)

    def poll(self, timeout: float) -> list[Reply]:
        replies = (reply_of(frames) for _, frames in self._sockets.poll(timeout))
        return [reply for reply in replies if reply is not None]
