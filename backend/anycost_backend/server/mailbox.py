"""Hands items to a thread that polls sockets, and wakes it. A ZeroMQ socket must not be used by two threads."""

import contextlib
import queue
import socket
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """`put` and `wake` are for any thread. The owner polls `fileno()` for reading and then calls `take_all()`."""

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
