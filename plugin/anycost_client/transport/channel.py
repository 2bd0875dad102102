"""How requests reach the backend and replies come back: one interface, two ways (ZeroMQ, or a bridge process)."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from anycost_client.protocol.messages import Reply, Request


class Channel(Protocol):
    """For one thread, except `wake`. Close it in the thread that used it."""

    def send(self, request: Request) -> None:
        """Never waits. Raises WireError for what cannot be said, ChannelClosed when there is no way any more."""

    def poll(self, timeout: float) -> list[Reply]:
        """What has come, waiting for it up to `timeout` seconds; empty then, or after `wake`.

        Raises ChannelClosed when the way is gone, WrongVersion when the backend speaks another version."""

    def wake(self) -> None:
        """From any thread: a `poll` that waits returns at once."""

    def close(self) -> None:
        """At once; what was not sent is dropped. A second time is fine."""


def open_channel(connection_file: Path, python: Callable[[], Path], bridge: bool | None = None) -> Channel:
    """Through ZeroMQ where this Python has it, else through a bridge that the backend's `python` runs.

    `bridge` decides otherwise, as `ANYCOST_BRIDGE=1` does. Raises ConnectionFileError, ChannelClosed, and what
    `python` raises when it is needed."""
    if bridge is None:
        bridge = os.environ.get("ANYCOST_BRIDGE") == "1" or not has_zmq()
    if bridge:
        from anycost_client.transport.bridge_channel import BridgeChannel

        return BridgeChannel.start(python(), connection_file)
    from anycost_client.transport.connection_file import read
    from anycost_client.transport.zmq_channel import ZmqChannel

    return ZmqChannel(read(connection_file))


def has_zmq() -> bool:
    """Whether this process can load pyzmq: found is not enough where wheel and interpreter do not fit."""
    if importlib.util.find_spec("zmq") is None:
        return False
    try:
        import zmq

        return bool(zmq.has("curve"))
    except (ImportError, OSError):
        return False
