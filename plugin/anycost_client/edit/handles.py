"""Points of a face that can be dragged: a drag becomes the strengths that move the point there."""

from collections.abc import Callable, Collection, Mapping

from anycost_client.core.translation import mark
from anycost_client.edit.editor import Editor
from anycost_client.edit.state import State
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Attribute, Failed, Handle, HandleList, ReadHandles, Request, SessionFace

_PULL = 0.03  # towards the strengths at the drag's begin, as a share of what the strongest attribute moves
_ROUNDS = 30  # of coordinate descent: two or three attributes settle in fewer
_DIGITS = 3  # decimals of strengths

HANDLE_LABELS: Mapping[str, str] = {  # what the points are, for people
    "mouth_left": mark("Corner of the mouth"),
    "mouth_right": mark("Corner of the mouth"),
    "lower_lip": mark("Lower lip"),
    "brow_left": mark("Brow"),
    "brow_right": mark("Brow"),
    "lid_left": mark("Eyelid"),
    "lid_right": mark("Eyelid"),
    "iris_left": mark("Gaze"),
    "iris_right": mark("Gaze"),
    "nose": mark("Tip of the nose: turns the head"),
    "chin": mark("Chin"),
    "jaw_left": mark("Jaw"),
    "jaw_right": mark("Jaw"),
}

Point = tuple[float, float]  # pixels of the region


class Handles:
    """Of the first selected face. Give it every event after the editor. `changed`: `places` may differ."""

    def __init__(self, editor: Editor, send: Callable[[Request], None], changed: Callable[[], None]) -> None:
        self._editor, self._send, self._changed = editor, send, changed
        self._asked: ReadHandles | None = None
        self._known: dict[SessionFace, tuple[Handle, ...]] = {}
        self._dragged: tuple[Handle, Mapping[str, float]] | None = None  # with the strengths at the drag's begin
        editor.watch(self._edit_changed)

    @property
    def places(self) -> dict[str, Point]:
        """Name → where the point is at the present strengths. Empty until `want` was answered."""
        return {handle.name: place_of(handle, self._strengths()) for handle in self._handles()}

    @property
    def measuring(self) -> bool:
        """Whether `want` waits for its answer, about the face that is chosen."""
        face, asked = self._editor.chosen_face, self._asked
        return face is not None and asked is not None and (asked.session, asked.face) == (face.session, face.face)

    def want(self) -> None:
        """Asks the backend, once for each face. Further calls do nothing."""
        face = self._editor.chosen_face
        if face is None or face in self._known or self._asked or self._editor.state is not State.READY:
            return
        self._asked = ReadHandles(session=face.session, face=face.face)
        self._send(self._asked)
        self._changed()

    def begin(self, name: str) -> None:
        """A drag begins. Nothing where there is no such point."""
        found = [handle for handle in self._handles() if handle.name == name]
        self._dragged = (found[0], dict(self._strengths())) if found else None

    def drag(self, by: Point, done: bool = False) -> None:
        """by: since `begin`. done: the drag ends here, and is one step to undo."""
        if self._dragged is None:
            return
        (handle, start), sliders = self._dragged, self._editor.sliders
        if done:
            self._dragged = None
        sliders.set_several(dragged(handle, by, start, sliders.attributes, sliders.locked), done)

    def handle(self, event: Event) -> None:
        """Takes every event of the backend, in order."""
        asked = self._asked
        if asked is None or not isinstance(event, (HandleList, Failed)) or event.id != asked.id:
            return
        self._asked = None
        # A backend of an older version has none.
        self._known[SessionFace(asked.session, asked.face)] = event.handles if isinstance(event, HandleList) else ()
        self._changed()

    # ------------------------------------------------------------------ inside

    def _handles(self) -> tuple[Handle, ...]:
        face = self._editor.chosen_face
        return self._known.get(face, ()) if face else ()

    def _strengths(self) -> Mapping[str, float]:
        sliders = self._editor.sliders
        return sliders.values.get(sliders.selected[0], {}) if sliders.selected else {}

    def _edit_changed(self, what: str) -> None:
        if what in ("faces", "state") and self._editor.chosen_face is None:
            self._asked, self._dragged, self._known = None, None, {}
        if what in ("faces", "selected", "values"):
            self._changed()


def place_of(handle: Handle, strengths: Mapping[str, float]) -> Point:
    """Where the point is at these strengths."""
    x, y = handle.point
    for name, (dx, dy) in handle.moves.items():
        x, y = x + strengths.get(name, 0.0) * dx, y + strengths.get(name, 0.0) * dy
    return x, y


def dragged(
    handle: Handle,
    by: Point,
    start: Mapping[str, float],
    attributes: Collection[Attribute],
    locked: Collection[str] = (),
) -> dict[str, float]:
    """The strengths with which the point comes as near as it can to where it was at `start`, moved by `by` pixels.

    Only those of the handle's attributes that are not locked, within their sliders' ends; {} when all are locked."""
    ends = {one.name: (one.least, one.most) for one in attributes}
    moves = {name: move for name, move in handle.moves.items() if name not in locked and name in ends}
    pull = _PULL * max((dx * dx + dy * dy for dx, dy in moves.values()), default=0.0)
    change = dict.fromkeys(moves, 0.0)
    for _ in range(_ROUNDS):
        for name, (dx, dy) in moves.items():
            left_x = by[0] - sum(change[other] * moves[other][0] for other in moves if other != name)
            left_y = by[1] - sum(change[other] * moves[other][1] for other in moves if other != name)
            best = (dx * left_x + dy * left_y) / (dx * dx + dy * dy + pull or 1.0)
            least, most = ends[name]
            now = start.get(name, 0.0)
            change[name] = min(max(best, min(least - now, 0.0)), max(most - now, 0.0))
    return {name: round(start.get(name, 0.0) + change[name], _DIGITS) for name in moves}
