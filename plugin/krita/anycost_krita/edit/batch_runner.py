"""The same edit on many layers, one after the other: one that fails does not stop the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from anycost_client.edit.editor import Editor, State
from anycost_client.edit.presets import Preset
from anycost_client.protocol.events import Connected, Event
from anycost_client.protocol.messages import Attributes, Request, Welcome

from anycost_krita.base.qt import QtCore, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, sentence, tr
from anycost_krita.document.host_interface import Host, HostProblem, Layer, Source

_SIDE = 64  # pixels: of previews, which nobody sees


class Outcome(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    NO_FACE = "no face"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(Enum):
    READING = 1
    OPENING = 2  # the backend looks for faces
    DRAWING = 3
    WRITING = 4


@dataclass(frozen=True)
class Item:
    layer: Layer
    outcome: Outcome = Outcome.WAITING
    text: str = ""  # why, for people


class BatchRunner(QtCore.QObject):
    """Holds an edit of its own, on the same way to the backend: hand it every event while it lives."""

    changed = pyqtSignal()
    finished = pyqtSignal()

    def __init__(
        self,
        host: Host,
        send: Callable[[Request], None],
        layers: tuple[Layer, ...],
        strengths: Mapping[str, float],
        all_faces: bool = False,  # else the largest of each layer
        welcome: Welcome | None = None,  # of a backend that is there already
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.items = [Item(layer) for layer in layers]
        self.running = False
        self._host, self._all_faces = host, all_faces
        self._preset = Preset("", dict(strengths))
        self._at = -1
        self._source: Source | None = None
        self._step = Step.READING
        self._send = send
        self._editor = Editor(send)
        self._end_watch = self._editor.watch(self._watch)
        if welcome:
            self._editor.handle(Connected(welcome))

    @property
    def finished_items(self) -> int:
        return sum(item.outcome not in (Outcome.WAITING, Outcome.RUNNING) for item in self.items)

    def start(self) -> None:
        self.running = True
        if self._editor.welcome is None:
            self._send(Attributes())  # wakes a backend that sleeps
        self._next()

    def cancel(self) -> None:
        """What is done stays; nothing more is."""
        if self.running:
            self._host.stop()
            self._end(Outcome.CANCELLED, tr("Cancelled."))

    def drop(self) -> None:
        """At once and without a word: nobody looks any more."""
        self._end_watch()
        if self.running:
            self.running = False
            self._editor.close()

    def handle(self, event: Event) -> None:
        if self.running:
            self._editor.handle(event)

    # ------------------------------------------------------------------ inside

    def _next(self) -> None:
        self._at += 1
        self._source, self._step = None, Step.READING
        if self._at >= len(self.items):
            self._stop()
            return
        self._note(Outcome.RUNNING)
        at = self._at
        self._host.read(self.items[at].layer, lambda source: self._read(at, source))

    @reports_errors
    def _read(self, at: int, source: Source | HostProblem) -> None:
        if not self.running or at != self._at:
            return
        if isinstance(source, HostProblem):
            self._done(Outcome.FAILED, sentence(source.cause, source.remedy))
            return
        self._source, self._step = source, Step.OPENING
        self._editor.open(replace(source.region, max_side=_SIDE))

    def _watch(self, what: str) -> None:
        QtCore.QTimer.singleShot(0, self._look)  # not from within the editor, which is in the midst of a change

    @reports_errors
    def _look(self) -> None:
        editor = self._editor
        if not self.running or self._step not in (Step.OPENING, Step.DRAWING):
            return
        if editor.state is State.NO_FACE:
            self._done(Outcome.NO_FACE, tr("No face was found."))
        elif editor.state is State.FAILED:
            self._failed()
        elif editor.state is State.READY and self._step is Step.OPENING:
            self._draw()
        elif self._step is Step.DRAWING and not editor.applying:
            self._write()

    def _failed(self) -> None:
        problem = self._editor.problem
        line = sentence(tr(problem.cause), tr(problem.remedy)) if problem else tr("Nothing was to change.")
        if problem and problem.reason == "unavailable":
            self._end(Outcome.FAILED, line)  # there is no backend: every other layer would say the same
        else:
            self._done(Outcome.FAILED, line)

    def _draw(self) -> None:
        faces = self._editor.faces if self._all_faces else self._editor.faces[:1]
        self._step = Step.DRAWING
        self._editor.max_side = _SIDE
        self._editor.sliders.select(face.id for face in faces)
        self._editor.sliders.apply_preset(self._preset)
        self._editor.apply()

    def _write(self) -> None:
        result, at = self._editor.result, self._at
        if result is None or result.edited.picture is None or self._source is None:
            self._failed()
            return
        self._step = Step.WRITING
        self._host.apply(self._source, attribute_labels.named(result), lambda layer: self._applied(at, layer))

    @reports_errors
    def _applied(self, at: int, layer: Layer | HostProblem) -> None:
        if not self.running or at != self._at:
            return
        if isinstance(layer, HostProblem):
            self._done(Outcome.FAILED, sentence(layer.cause, layer.remedy))
        else:
            self._done(Outcome.DONE, layer.name)

    def _done(self, outcome: Outcome, text: str) -> None:
        self._note(outcome, text)
        self._source, self._step = None, Step.READING
        self._editor.close()
        QtCore.QTimer.singleShot(0, self._go_on)

    @reports_errors
    def _go_on(self) -> None:
        if self.running:
            self._next()

    def _note(self, outcome: Outcome, text: str = "") -> None:
        self.items[self._at] = replace(self.items[self._at], outcome=outcome, text=text)
        self.changed.emit()

    def _end(self, outcome: Outcome, text: str) -> None:
        for at, item in enumerate(self.items):
            if item.outcome in (Outcome.WAITING, Outcome.RUNNING):
                self.items[at] = replace(item, outcome=outcome, text=text)
        self._stop()

    def _stop(self) -> None:
        self.running = False
        self._editor.close()
        self.changed.emit()
        self.finished.emit()

    def fault(self, error: Exception) -> None:
        """A fault of ours ends it, and is seen in the list."""
        if self.running:
            self._end(Outcome.FAILED, tr("Unexpected: {error}.", error=repr(error)[:200]))
