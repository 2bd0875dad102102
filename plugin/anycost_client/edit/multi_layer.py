"""Tasks on other layers' faces: match one face, or learn an attribute from many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from anycost_client.core.problem import Problem
from anycost_client.core.translation import Translator, mark, sentence
from anycost_client.edit.attribute_labels import MIN_FACES, AttributeLabels, name_of
from anycost_client.edit.editor import Editor
from anycost_client.edit.face_finder import FaceFinder
from anycost_client.edit.host import EditHost, L
from anycost_client.protocol.events import Event, Lost, Unavailable
from anycost_client.protocol.messages import Failed, Learned, Matched, OpenRegion, Progress, Request, SessionFace, What

_SMALL = 0.05  # strengths below are not worth a word

# What can be taken over, as the backend names it, and what the windows for both tasks say.
MATCHED: tuple[tuple[What, str], ...] = (
    ("expression", mark("Expression")),
    ("pose", mark("Pose")),
    ("hair", mark("Hair")),
    ("lighting", mark("Lighting")),
)
ABOUT_MATCH = mark("The largest face there is taken. Sliders show what they can of it, and undo brings it back.")
ABOUT_LEARN = mark(
    "From {least} faces of each kind on; a dozen are better, of people who differ in nothing else. The largest"
    " face of each layer is taken."
)
NO_LAYER = mark("There is no other layer with a picture.")


def can_learn(name: str, positive: int, negative: int) -> bool:
    """Whether the name and the numbers of layers are enough to learn an attribute."""
    return min(positive, negative) >= MIN_FACES and bool(name_of(name))


@dataclass(frozen=True)
class Work:
    """The state of a task, for its window."""

    running: bool = False
    text: str = ""  # what goes on, or how it ended
    fraction: float | None = None  # 0…1; below 0: nobody knows; None: nothing is under way


class MultiLayerTask(Generic[L]):
    """Give it every event after the editor. `changed` is called when `work` changes."""

    def __init__(
        self,
        editor: Editor,
        send: Callable[[Request], None],
        host: EditHost[L],
        tr: Translator,
        changed: Callable[[], None],
    ) -> None:
        self.work = Work()
        self.failed = False  # whether its text says why it came to nothing
        self._editor, self._host, self._tr, self._changed = editor, host, tr, changed
        self._running = False
        self._face_finder = FaceFinder(send)
        self._layers: list[L] = []  # that are still to come
        self._found: list[SessionFace | None] = []  # of those that have been looked at, in the order given
        self._notes: list[str] = []  # what was left out, and why
        self._then: Callable[[], None] = lambda: None
        self._made = False  # or not: the editor has come to an end with it
        self._number = 0  # of the present run: what belongs to another comes too late
        editor.watch(self._edit_changed)

    @property
    def running(self) -> bool:
        return self._running

    @property
    def text(self) -> str:
        return self.work.text

    def match(self, layer: L, what: What) -> None:
        """The first chosen face takes over "expression", "pose", "hair" or "lighting" from the layer's largest face."""
        if not self.running and self._editor.sliders.selected:
            self._begin([layer], lambda: self._ask_match(what))

    def learn(self, name: str, positive: Sequence[L], negative: Sequence[L]) -> None:
        """Learns an attribute from each layer's largest face. name: as `name_of` makes it."""
        if not self.running:
            self._begin([*positive, *negative], lambda: self._ask_learn(name, len(positive)))

    def cancel(self) -> None:
        if self.running:
            self._number += 1  # what is being read comes too late
            self._host.stop_looking()
            self._editor.stop_making()
            self._end(self._tr(mark("Cancelled.")))

    def drop(self) -> None:
        """Stops at once and tells nobody."""
        if self.running:
            self._running = False
            self._host.stop_looking()
            self._face_finder.close()

    def forget(self) -> None:
        """Clears the text of the latest run."""
        if not self.running:
            self._show("", None)

    def handle(self, event: Event) -> None:
        if self.running and isinstance(event, Progress) and event.id == self._face_finder.waits_for and event.text:
            self._show_layer(event.text)
        self._face_finder.handle(event)
        if self.running and self._made:
            self._finish(event)

    # ------------------------------------------------------------------ inside

    def _begin(self, layers: list[L], then: Callable[[], None]) -> None:
        self._running, self.failed, self._made = True, False, False
        self._number += 1
        self._layers, self._found, self._notes, self._then = layers, [], [], then
        self._next()

    def _next(self) -> None:
        if len(self._found) == len(self._layers):
            self._then()
            return
        self._show_layer()
        number = self._number
        layer = self._layers[len(self._found)]
        self._host.look_at(layer, lambda region: self._read(number, region))

    def _read(self, number: int, region: OpenRegion | Problem) -> None:
        if not self.running or number != self._number:
            return
        if isinstance(region, Problem):
            self._take(region.text(self._tr))
        else:
            self._face_finder.find(region, self._looked)

    def _looked(self, found: SessionFace | Problem | None) -> None:
        if isinstance(found, Problem):
            self._take(found.text(self._tr))
        else:
            self._take(found or self._tr(mark("No face was found.")))

    def _take(self, found: SessionFace | str) -> None:
        if isinstance(found, str):
            self._notes.append(f"“{self._layers[len(self._found)].name}”: {found}")
        self._found.append(found if isinstance(found, SessionFace) else None)
        self._next()

    def _ask_match(self, what: What) -> None:
        [face] = self._found
        selected = self._editor.sliders.selected
        if face is None or not selected:
            self._end(self._notes[0] if self._notes else self._tr("Cancelled."), failed=True)
            return
        self._show(self._tr(mark("Comparing the faces…")), -1.0)
        self._editor.match(selected[0], what, face)
        self._check_start()

    def _ask_learn(self, name: str, positive: int) -> None:
        having, lacking = ([face for face in part if face] for part in (self._found[:positive], self._found[positive:]))
        if min(len(having), len(lacking)) < MIN_FACES:
            few = self._tr(mark("Too few faces were found: {least} of each kind are needed."), least=MIN_FACES)
            self._end("\n".join([few, *self._notes]), failed=True)
            return
        self._show(self._tr(mark("Making the slider…")), -1.0)
        self._editor.learn(name, tuple(having), tuple(lacking))
        self._check_start()

    def _check_start(self) -> None:
        if self.running and not self._editor.making:
            self._end(self._tr(mark("The face model is busy: try again in a moment.")), failed=True)

    def _edit_changed(self, what: str) -> None:
        progress = self._editor.progress
        if not self.running or len(self._found) < len(self._layers):
            return
        if what == "made":
            self._made = True
        elif what == "progress" and progress and self._editor.making:
            self._show(sentence(self._tr(progress.what), progress.text).rstrip("."), progress.fraction)

    def _finish(self, event: Event) -> None:
        """Ends the run; `event` was its last."""
        made = self._editor.made
        if made is not None:
            self._end("\n".join([self._tr(mark("Done.")), self._told(made), *self._notes]))
        elif isinstance(event, Failed) and event.reason == "cancelled":
            self._end(self._tr("Cancelled."))
        else:
            cause = event.cause if isinstance(event, (Failed, Lost, Unavailable)) else ""
            remedy = event.remedy if isinstance(event, (Failed, Unavailable)) else "try again"
            self._end(Problem(cause, remedy).text(self._tr), failed=True)

    def _told(self, made: Learned | Matched) -> str:
        """The outcome as translated text."""
        if isinstance(made, Matched):
            moved = {name: strength for name, strength in made.strengths.items() if abs(strength) >= _SMALL}
            colours = self._tr(mark("colours taken over")) if made.offset else ""
            parts = [part for part in (AttributeLabels(self._tr).title(moved), colours) if part]
            return sentence(", ".join(parts)) if parts else self._tr(mark("The faces are alike in it."))
        if "right" not in made.scores:
            return sentence(made.text)
        percent = round(100 * made.scores["right"])
        if made.holds:
            return self._tr(mark("Of faces that it had not seen, {percent} % were told apart."), percent=percent)
        return self._tr(
            mark(
                "It cannot be trusted: of faces that it had not seen, {percent} % were told apart. Use more layers, of"
                " people who differ in nothing else."
            ),
            percent=percent,
        )

    def _show_layer(self, doing: str = "") -> None:
        number, count = len(self._found), len(self._layers)
        name = self._layers[number].name
        text = self._tr(mark("{number} of {count}: {doing}"), number=number + 1, count=count, doing=f"“{name}”")
        self._show(f"{text} · {doing}" if doing else text, number / count)

    def _show(self, text: str, fraction: float | None) -> None:
        self.work = Work(self.running, text, fraction)
        self._changed()

    def _end(self, text: str, failed: bool = False) -> None:
        self._running, self.failed = False, failed
        self._face_finder.close()
        self._layers, self._found, self._then = [], [], lambda: None
        self._show(text, None)
