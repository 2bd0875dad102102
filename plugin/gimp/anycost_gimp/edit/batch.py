"""Runs a BatchRunner without an event loop: for scripts, last values, and a dialog's other layers."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from anycost_client.core.cooperative import CooperativeRunner, Steps
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import Problem
from anycost_client.edit.batch import BatchRunner
from anycost_client.edit.editor import Editor
from anycost_client.edit.pending_apply import EditResult

from anycost_gimp.edit import arguments
from anycost_gimp.edit.backend_link import QueueLink
from anycost_gimp.image.layer import Layer, Source
from anycost_gimp.image.text import tr

PATIENCE = 1800.0  # seconds for one layer, the start of the backend and the projection of all its faces included

Progress = Callable[[str, float], None]  # what is done, for people; 0…1, below 0: nobody knows
Read = Callable[[Layer], Steps[Source]]  # a layer's pixels, in steps


@dataclass
class Rendered:
    """One entry for each layer; nothing is written yet."""

    edited: list[tuple[Source, EditResult]] = field(default_factory=list)  # sources without their pixels
    refused: list[tuple[str, Problem]] = field(default_factory=list)  # names of layers, and why


class QueueHost:
    """See LayerHost. What is put off waits until `run_calls`; results are collected, to be written at the end."""

    def __init__(self, read: Read) -> None:
        self.edited: list[tuple[Source, EditResult]] = []
        self._reading = read
        self._calls: deque[Callable[[], None]] = deque()
        self._work = CooperativeRunner(self.later, tr)

    def read(self, layer: Layer, then: Callable[[Source | Problem], None]) -> None:
        self._work.start(self._reading(layer), then)

    def apply(self, source: Source, result: EditResult, then: Callable[[Layer | Problem], None]) -> None:
        self.edited.append((source.without_pixels(), result))
        then(source.layer)

    def stop(self) -> None:
        self._work.stop()

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def run_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()


def render(
    link: QueueLink,
    host: QueueHost,
    layers: Sequence[Layer],
    strengths: Mapping[str, float],
    faces: str,
    progress: Progress,
    like: Editor | None = None,
) -> Rendered:
    """faces: as `arguments.chosen` reads it. like: an editor on the same way to the backend. Raises ClientError."""
    if not strengths:
        raise ClientError(tr("no strengths are given"), tr("write which, such as smile=0.8, age=-0.4"))
    if not any(strengths.values()):
        raise ClientError(tr("all strengths are 0"), tr("name one that is not, such as smile=0.8"))

    def changed() -> None:
        text, fraction = batch.progress
        if batch.running and text:
            progress(text, fraction)

    batch = BatchRunner(
        host, link.send, tr, layers, strengths, lambda found: arguments.chosen(faces, found), changed, like
    )
    link.start()
    batch.start()
    finished, deadline = 0, time.monotonic() + PATIENCE
    while batch.running:
        host.run_calls()
        event = link.wait(0.2) if batch.running else None
        if event is not None:
            batch.handle(event)
        now_finished = sum(item.finished for item in batch.items)
        if now_finished > finished:
            finished, deadline = now_finished, time.monotonic() + PATIENCE
        elif time.monotonic() > deadline:
            batch.end(Problem(tr("the backend took too long"), tr("try again")))
    refused = [(item.layer.name, item.problem) for item in batch.items if item.problem]
    return Rendered(host.edited, refused)
