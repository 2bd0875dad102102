"""Graceful shutdown: SIGINT and SIGTERM set a flag, or a time comes, and training stops after the current step."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_requests(until: float = math.inf) -> Iterator[Callable[[], bool]]:
    """Yields a function that returns whether a signal or the time `until` has come; restores the previous handlers.

    until: seconds since the epoch, which processes share
    Only the main thread can set signal handlers: in other threads only the time counts."""
    stop = threading.Event()

    def requested() -> bool:
        return stop.is_set() or time.time() >= until

    if threading.current_thread() is not threading.main_thread():
        yield requested
        return
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield requested
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler or signal.SIG_DFL)
