"""The link to the backend: a worker whose events arrive as a signal in the GUI's thread, with QImages."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Request

from anycost_krita.base.qt import Qt, QtCore, pyqtSignal
from anycost_krita.document.qimages import ImageCache

_PATIENCE = 0.5  # seconds to wait for the worker's end: the backend ends with its last client anyway


class WorkerLike(Protocol):
    def start(self) -> None: ...
    def send(self, request: Request) -> None: ...
    def retry(self) -> None: ...
    def close(self) -> None: ...
    def join(self, timeout: float = ...) -> bool: ...


MakeWorker = Callable[[Callable[[Event], object]], WorkerLike]


class SignalLink(QtCore.QObject):
    """`receive` gets an event and, as ImageCache.of_event made it, its image."""

    _arrived = pyqtSignal(object, object)

    def __init__(self, make_worker: MakeWorker, receive: Callable[..., None]) -> None:
        super().__init__()
        self._make_worker = make_worker
        self._worker: WorkerLike | None = None
        # PyQt6's own stubs leave the second argument out.
        self._arrived.connect(receive, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Starts the worker; further calls do nothing."""
        if self._worker is None:
            self._worker = self._make_worker(self._deliver)
            self._worker.start()

    def send(self, request: Request) -> None:
        if self._worker:
            self._worker.send(request)

    def retry(self) -> None:
        if self._worker:
            self._worker.retry()

    def close(self) -> None:
        if self._worker:
            self._worker.close()
            self._worker.join(_PATIENCE)

    def _deliver(self, event: Event) -> None:
        """In the worker's thread."""
        with suppress(RuntimeError):  # Krita has deleted this: nobody wants to know any more
            self._arrived.emit(event, ImageCache.of_event(event))
