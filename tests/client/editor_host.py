"""A host for tests: an editor and its worker, with no GUI."""

import queue
import time
from collections.abc import Callable

from anycost_client.backend.backend_process import Backend
from anycost_client.backend.worker_thread import Worker
from anycost_client.edit.editor import Editor
from anycost_client.protocol.events import Event


class Host:
    """What an editor does with a worker: events are handled in one thread, the test's."""

    def __init__(self, backend: Backend) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.seen: list[Event] = []
        self.worker = Worker(self.events.put, backend)
        self.editor = Editor(self.worker.send)
        self.worker.start()

    def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            event = self.events.get(timeout=max(deadline - time.monotonic(), 0.001))
            self.seen.append(event)
            self.editor.handle(event)

    def grey(self) -> int | None:
        """What the stand-in paints: 100 · strength."""
        picture = self.editor.preview.picture if self.editor.preview else None
        return bytes(picture.data)[0] if picture else None

    def pid(self) -> int:
        return self.editor.welcome.pid if self.editor.welcome else 0

    def all(self, kind: type) -> list[Event]:
        return [event for event in self.seen if isinstance(event, kind)]
