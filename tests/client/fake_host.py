"""A program with layers, and the way to a backend that answers what a test says."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from anycost_client.core.problem import Problem
from anycost_client.edit.host import EditSource
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol import messages as m

GREY = m.Picture.packed(8, 8, 3, bytes(192))
R = TypeVar("R", bound=m.Request)


@dataclass(frozen=True)
class Layer:
    id: int
    name: str


class FakeHost:
    """See EditHost. Layers are read at once; what is put off waits until `run_calls`."""

    def __init__(self) -> None:
        self.layer: Layer | Problem = Layer(1, "portrait")
        self.settings: dict[str, str] = {}
        self.broken: dict[int, Problem] = {}  # layers that cannot be read
        self.images: dict[int, m.Picture] = {}
        self.record = None  # the edit stored with the active layer
        self.applied: list[tuple[EditSource[Layer], EditResult]] = []
        self.painted: bool | Problem = False  # whether the layer to update was, since it was written
        self.preview: m.Edited | None = None
        self.stopped: list[str] = []
        self._calls: deque[Callable[[], None]] = deque()

    def active(self) -> Layer | Problem:
        return self.layer

    def read(self, layer: Layer, then: Callable[[EditSource[Layer] | Problem], None]) -> None:
        region = m.OpenRegion(image=self.images.get(layer.id, GREY), rectangle=m.Rectangle(0, 0, 8, 8))
        source = EditSource(layer, region)
        if self.record:
            source = replace(source, record=self.record, replaces=Layer(99, "earlier edit"))
        then(self.broken.get(layer.id) or source)

    def apply(self, source: EditSource[Layer], result: EditResult, then: Callable[[Layer | Problem], None]) -> None:
        self.applied.append((source, result))
        then(Layer(source.replaces.id if source.replaces else 100 + len(self.applied), result.title))

    def painted_on(self, source: EditSource[Layer], then: Callable[[bool | Problem], None]) -> None:
        then(self.painted)

    def stop(self) -> None:
        self.stopped.append("work")

    def look_at(self, layer: Layer, then: Callable[[m.OpenRegion | Problem], None]) -> None:
        then(self.broken.get(layer.id) or m.OpenRegion(image=self.images.get(layer.id, GREY)))

    def stop_looking(self) -> None:
        self.stopped.append("looking")

    def show_preview(self, source: EditSource[Layer], edited: m.Edited) -> None:
        self.preview = edited

    def setting(self, name: str, default: str) -> str:
        return self.settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        self.settings[name] = value

    def remove_preview(self) -> None:
        self.preview = None

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def run_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()


@dataclass
class FakeLink:
    """See BackendLink."""

    sent: list[m.Request] = field(default_factory=list)
    started: bool = False
    retries: int = 0

    def start(self) -> None:
        self.started = True

    def send(self, request: m.Request) -> None:
        self.sent.append(request)

    def retry(self) -> None:
        self.retries += 1

    def last(self, kind: type[R]) -> R:
        return next(request for request in reversed(self.sent) if isinstance(request, kind))
