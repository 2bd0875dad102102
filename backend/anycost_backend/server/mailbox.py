"""Wakes a thread that waits for sockets, and hands it things, without a ZeroMQ socket in two threads."""

import contextlib
import queue
import socket
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """`put` is for any thread. Its owner polls `fileno()` for reading and then takes `all()`."""

    def __init__(self) -> None:
        self._waker, self._woken = socket.socketpair()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._things: queue.SimpleQueue[T] = queue.SimpleQueue()

    def fileno(self) -> int:
        return self._woken.fileno()

    def put(self, thing: T) -> None:
        self._things.put(thing)
        self.wake()

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake; closed: nobody waits
            self._waker.send(b"w")

    def all(self) -> list[T]:
        with contextlib.suppress(OSError):
            self._woken.recv(4096)
        things = []
        with contextlib.suppress(queue.Empty):
            while True:
                things.append(self._things.get_nowait())
        return things

    def close(self) -> None:
        self._waker.close()
        self._woken.close()
