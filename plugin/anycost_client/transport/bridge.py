"""`anycost bridge`: carries frames between stdin/stdout and the backend, for hosts whose Python cannot load pyzmq."""

import contextlib
import os
import queue
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from anycost_client.core.errors import ChannelClosed, WireError
from anycost_client.transport.connection_file import read
from anycost_client.transport.pipe_framing import read_message, write_message
from anycost_client.transport.zmq_channel import ZmqSockets

_WAITING = 16  # messages: a host that writes faster than the backend takes is slowed down


def run(connection_file: Path) -> int:
    """Until stdin ends or breaks; then 0. Raises ConnectionFileError before anything was said."""
    sockets = ZmqSockets(read(connection_file))
    # Whatever else prints goes to stderr: stdout belongs to the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    incoming: queue.Queue[tuple[int, list[bytes | bytearray]] | None] = queue.Queue(_WAITING)
    threading.Thread(target=_read_all, args=(sys.stdin.buffer, incoming, sockets), daemon=True).start()
    try:
        while _pump(sockets, incoming, out):
            pass
    except (OSError, ChannelClosed):  # the host is gone, or the backend: the host sees this process end
        pass
    finally:
        sockets.close()
        with contextlib.suppress(OSError):
            out.close()
    return 0


def _pump(
    sockets: ZmqSockets, incoming: "queue.Queue[tuple[int, list[bytes | bytearray]] | None]", out: BinaryIO
) -> bool:
    """One round. False when the host has closed its end."""
    for which, frames in sockets.poll(1.0):
        write_message(out, which, list(frames))
    with contextlib.suppress(queue.Empty):
        while True:
            message = incoming.get_nowait()
            if message is None:
                return False
            sockets.send(list(message[1]), message[0])
    return True


def _read_all(
    pipe: BinaryIO, incoming: "queue.Queue[tuple[int, list[bytes | bytearray]] | None]", sockets: ZmqSockets
) -> None:
    """In a thread of its own, because a pipe cannot be polled everywhere; the sockets stay with the main thread."""
    message: tuple[int, list[bytes | bytearray]] | None
    while True:
        try:
            message = read_message(pipe)
        except (OSError, ValueError, WireError):
            message = None
        incoming.put(message)
        sockets.wake()
        if message is None:
            return
