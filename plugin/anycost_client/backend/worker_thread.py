"""One thread that talks to the backend, so that the GUI's thread never blocks."""

import threading
from collections.abc import Callable

from anycost_client.backend.backend_process import Backend
from anycost_client.backend.supervisor import Supervisor
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Request


class Worker:
    """Hands every event to `deliver`, in the worker's thread: emit a Qt signal there, call GLib.idle_add, or put it
    into a queue.SimpleQueue. `deliver` must not wait for the GUI's thread; if it raises, the worker ends."""

    def __init__(self, deliver: Callable[[Event], object], backend: Backend) -> None:
        self._deliver = deliver
        self._supervisor = Supervisor(backend)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="anycost worker", daemon=True)

    def start(self) -> None:
        """Finds or starts the backend; Connected, Lost or Unavailable report the outcome."""
        self._thread.start()

    def send(self, request: Request) -> None:
        """From any thread, never blocks. Every request is answered, in the worst case by a Failed."""
        self._supervisor.send(request)

    def retry(self) -> None:
        """After Unavailable: try again."""
        self._supervisor.retry()

    def close(self) -> None:
        """From any thread, never blocks. No more events are delivered; the backend ends with its last client."""
        self._closing = True
        self._supervisor.end()

    def join(self, timeout: float = 6.0) -> bool:
        """After `close`: whether the thread has ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._closing:
                for event in self._step():
                    if not self._closing:
                        self._deliver(event)
        finally:
            self._supervisor.close()

    def _step(self) -> list[Event]:
        try:
            return self._supervisor.step(1.0)
        except Exception as error:  # a bug of ours must be seen, and must not end the thread that can report it
            return self._supervisor.fail(f"the connection to the backend failed ({error!r})", "report this")
