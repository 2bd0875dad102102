"""The same edit on many layers, one after the other: one that fails does not stop the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic

from anycost_client.core.cooperative import reports_errors
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import Problem, problem_of
from anycost_client.core.translation import Translator, mark
from anycost_client.edit.attribute_labels import AttributeLabels
from anycost_client.edit.editor import Editor
from anycost_client.edit.host import EditSource, L, LayerHost
from anycost_client.edit.presets import Preset
from anycost_client.edit.state import State
from anycost_client.protocol.events import Connected, Event
from anycost_client.protocol.messages import Attributes, Face, Request

_SIDE = 64  # pixels: of previews, which nobody sees

ChooseFaces = Callable[[tuple[Face, ...]], Iterable[int]]  # ids of the faces to edit; may raise ClientError


def largest_face(faces: tuple[Face, ...]) -> list[int]:
    return [face.id for face in faces[:1]]


def all_faces(faces: tuple[Face, ...]) -> list[int]:
    return [face.id for face in faces]


class Outcome(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    NO_FACE = "no face"
    FAILED = "failed"
    CANCELLED = "cancelled"


class _Step(Enum):
    READING = 1
    OPENING = 2  # the backend looks for faces
    RENDERING = 3
    WRITING = 4


@dataclass(frozen=True)
class BatchItem(Generic[L]):
    layer: L
    outcome: Outcome = Outcome.WAITING
    text: str = ""  # what became of it, for people
    problem: Problem | None = None  # why it was not edited

    @property
    def finished(self) -> bool:
        return self.outcome not in (Outcome.WAITING, Outcome.RUNNING)


class BatchRunner(Generic[L]):
    """Holds an editor of its own, on the same way to the backend: hand it every event while it lives.

    What is asked for is what comes: the strengths of an earlier edit give way."""

    def __init__(
        self,
        host: LayerHost[L],
        send: Callable[[Request], None],
        tr: Translator,
        layers: Sequence[L],
        strengths: Mapping[str, float],
        choose: ChooseFaces = all_faces,
        changed: Callable[[], None] = lambda: None,  # `items`, `running` or `progress`
        like: Editor | None = None,  # on the same way to the backend: what it knows need not be asked
    ) -> None:
        self.items = [BatchItem(layer) for layer in layers]
        self.running = False
        self._host, self._send, self._tr = host, send, tr
        self._choose, self._changed = choose, changed
        self._labels = AttributeLabels(tr)
        self._preset = Preset("", dict(strengths))
        self._at = -1
        self._source: EditSource[L] | None = None
        self._step = _Step.READING
        self._editor = Editor(send)
        self._editor.watch(self._edit_changed)
        if like and like.welcome:
            self._editor.handle(Connected(like.welcome))
            self._editor.sliders.set_attributes(like.sliders.attributes)

    def start(self) -> None:
        self.running = True
        if self._editor.welcome is None:
            self._send(Attributes())  # wakes a backend that sleeps
        self._next()

    def cancel(self) -> None:
        """Keeps finished layers and edits no more."""
        if self.running:
            self.running = False
            self._host.stop()
            self.end(Problem(self._tr(mark("Cancelled.")), "", "cancelled"), Outcome.CANCELLED)

    def end(self, problem: Problem, outcome: Outcome = Outcome.FAILED) -> None:
        """Ends all unfinished layers for one reason."""
        for at, item in enumerate(self.items):
            if not item.finished:
                text = problem.text(self._tr)
                self.items[at] = replace(item, outcome=outcome, text=text, problem=problem)
        self._stop()

    def drop(self) -> None:
        """Stops at once and tells nobody."""
        self._changed = lambda: None
        if self.running:
            self.running = False
            self._editor.close()

    def report_error(self, error: Exception) -> None:
        """A bug ends the batch and is shown in the list."""
        if self.running:
            self.end(problem_of(error, self._tr))

    @reports_errors
    def handle(self, event: Event) -> None:
        if self.running:
            self._editor.handle(event)

    @property
    def progress(self) -> tuple[str, float]:
        """What is done now, for people, and the finished share of all: 0…1, below 0: unknown."""
        number, count = sum(item.finished for item in self.items), len(self.items)
        text, fraction, progress = self._tr(mark("starting the face model")), -1.0, self._editor.progress
        if progress:
            text = " ".join(part for part in (self._tr(progress.what), progress.text) if part)
            fraction = progress.fraction if progress.fraction > 0 else -1.0
        elif self._editor.state is not State.WAITING:
            text = ""
        if count > 1:
            place = min(number + 1, count)
            text = text or f"“{self.items[place - 1].layer.name}”"
            text = self._tr(mark("{number} of {count}: {doing}"), number=place, count=count, doing=text)
        return text, fraction if fraction < 0 else (number + fraction) / count

    # ------------------------------------------------------------------ inside

    def _next(self) -> None:
        self._at += 1
        self._source, self._step = None, _Step.READING
        if self._at >= len(self.items):
            self._stop()
            return
        at = self._at
        self._note(Outcome.RUNNING)
        self._host.read(self.items[at].layer, lambda source: self._read(at, source))

    @reports_errors
    def _read(self, at: int, source: EditSource[L] | Problem) -> None:
        if not self.running or at != self._at:
            return
        if isinstance(source, Problem):
            self._failed(source)
            return
        self._source, self._step = source, _Step.OPENING
        self._editor.open(replace(source.region, max_side=_SIDE), source.record)

    def _edit_changed(self, what: str) -> None:
        if what in ("progress", "state"):
            self._changed()
        if what != "progress":
            self._host.later(0, self._look)  # not from within the editor, which is in the midst of a change

    @reports_errors
    def _look(self) -> None:
        editor = self._editor
        if not self.running or self._step not in (_Step.OPENING, _Step.RENDERING):
            return
        if editor.state is State.NO_FACE:
            remedy = self._tr(mark("select a part that shows both eyes and the mouth"))
            self._failed(Problem(self._tr(mark("no face was found")), remedy, "no_face"), Outcome.NO_FACE)
        elif editor.state is State.FAILED:
            self._end_or_go_on()
        elif editor.state is State.READY and self._step is _Step.OPENING and editor.sliders.attributes:
            self._render()
        elif self._step is _Step.RENDERING and not editor.applying:
            self._write()

    def _render(self) -> None:
        editor, sliders = self._editor, self._editor.sliders
        self._step, editor.max_side = _Step.RENDERING, _SIDE
        try:
            chosen = tuple(self._choose(editor.faces))
            sliders.select(all_faces(editor.faces))
            sliders.reset_all()
            sliders.select(chosen)
            unknown = sliders.apply_preset(self._preset)
            if unknown:
                there = ", ".join(attribute.name for attribute in sliders.attributes)
                cause = self._tr(mark("there is no attribute '{name}'"), name=unknown[0])
                raise ClientError(cause, self._tr(mark("choose one of: {there}"), there=there))
        except ClientError as error:
            self._failed(problem_of(error, self._tr))
            return
        editor.apply()

    def _write(self) -> None:
        result, source, at = self._editor.result, self._source, self._at
        if result is None or source is None:
            self._end_or_go_on()
        elif result.edited.picture is None:
            remedy = self._tr(mark("select the face, or nothing"))
            self._failed(Problem(self._tr(mark("the edit changes nothing within the selection")), remedy))
        else:
            self._step = _Step.WRITING
            self._host.apply(source, self._labels.named(result), lambda layer: self._applied(at, layer))

    @reports_errors
    def _applied(self, at: int, layer: L | Problem) -> None:
        if not self.running or at != self._at:
            return
        if isinstance(layer, Problem):
            self._failed(layer)
        else:
            self._go_on(Outcome.DONE, layer.name)

    def _end_or_go_on(self) -> None:
        """The edit failed or was cancelled."""
        problem = self._editor.problem
        if problem is None:
            problem = Problem(self._tr(mark("the edit was cancelled")), self._tr(mark("try again")))
        if problem.reason == "unavailable":
            self.end(problem)  # there is no backend: every other layer would say the same
        else:
            self._failed(problem)

    def _failed(self, problem: Problem, outcome: Outcome = Outcome.FAILED) -> None:
        self._go_on(outcome, problem.text(self._tr), problem)

    def _go_on(self, outcome: Outcome, text: str, problem: Problem | None = None) -> None:
        self._note(outcome, text, problem)
        self._source, self._step = None, _Step.READING
        self._editor.close()
        self._host.later(0, self._continue)

    @reports_errors
    def _continue(self) -> None:
        if self.running:
            self._next()

    def _note(self, outcome: Outcome, text: str = "", problem: Problem | None = None) -> None:
        item = self.items[self._at]
        self.items[self._at] = replace(item, outcome=outcome, text=text, problem=problem)
        self._changed()

    def _stop(self) -> None:
        self.running = False
        self._editor.close()
        self._changed()
