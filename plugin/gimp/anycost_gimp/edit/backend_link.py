"""The link to the backend: a worker that puts events into a queue for the main thread."""

import queue
from collections.abc import Callable, Iterator

from anycost_client.backend.backend_process import Backend
from anycost_client.backend.worker_thread import Worker
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Request


def _nothing() -> None:
    pass


class QueueLink:
    """`wake` is called in the worker's thread whenever something has come: hand it GLib.idle_add with `drain`."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.wake: Callable[[], object] = _nothing
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._worker = Worker(self._deliver, backend)
        self._started = False

    def start(self) -> None:
        if not self._started:
            self._started = True
            self._worker.start()

    def send(self, request: Request) -> None:
        self._worker.send(request)

    def retry(self) -> None:
        self._worker.retry()

    def drain(self) -> Iterator[Event]:
        """Yields the events that have arrived, without waiting."""
        while (event := self.wait(0)) is not None:
            yield event

    def wait(self, seconds: float) -> Event | None:
        """The next event; None where none comes in that time. For those who have no window."""
        try:
            return self._events.get(timeout=seconds) if seconds else self._events.get_nowait()
        except queue.Empty:
            return None

    def close(self, patience: float = 6.0) -> None:
        """The backend ends with its last client, and does so by itself if it takes longer than `patience` seconds."""
        if self._started:
            self._started = False
            self._worker.close()
            self._worker.join(patience)

    def _deliver(self, event: Event) -> None:
        self._events.put(event)
        self.wake()
