"""Strengths of all faces, and the undo history of an edit."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from anycost_client.protocol.messages import FaceEdit, Offset, Picture

MAX_STEPS = 200

Values = Mapping[int, Mapping[str, float]]  # face → attribute → strength; what is 0 is left out
NOTHING: Values = MappingProxyType({})
State = TypeVar("State")
NOTHING_TAKEN: Mapping[str, Picture] = MappingProxyType({})


def with_strengths(values: Values, face: int, strengths: Mapping[str, float]) -> Values:
    """`values` with one face's strengths replaced."""
    kept = {name: strength for name, strength in strengths.items() if strength}
    others = {other: values[other] for other in values if other != face}
    return MappingProxyType(others | ({face: MappingProxyType(kept)} if kept else {}))


def face_edits(
    values: Values, held: tuple[str, ...] = (), taken: Mapping[str, Picture] = NOTHING_TAKEN
) -> tuple[FaceEdit, ...]:
    """held: attributes that stay as they are seen; taken: what was taken over from other faces, by its name in
    `values`, where its amount is."""
    edits = []
    for face in sorted(values):
        strengths = {name: value for name, value in values[face].items() if name not in taken}
        offsets = tuple(Offset(taken[name], value) for name, value in values[face].items() if name in taken)
        edits.append(FaceEdit(face, strengths, held, offsets))
    return tuple(edits)


class History(Generic[State]):
    """A list of states with a position in it."""

    def __init__(self, first: State) -> None:
        self._states = [first]
        self._at = 0

    @property
    def now(self) -> State:
        return self._states[self._at]

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < len(self._states) - 1

    @property
    def states(self) -> tuple[State, ...]:
        """All that can be gone to, the oldest first."""
        return tuple(self._states)

    @property
    def at(self) -> int:
        """Number of the present one in `states`."""
        return self._at

    def go_to(self, number: int) -> State:
        self._at = min(max(number, 0), len(self._states) - 1)
        return self.now

    def push(self, state: State) -> None:
        """Drops what could be redone. Ignores a state equal to the present one."""
        if state != self.now:
            self._states = [*self._states[: self._at + 1], state][-MAX_STEPS - 1 :]
            self._at = len(self._states) - 1

    def undo(self) -> State:
        self._at = max(self._at - 1, 0)
        return self.now

    def redo(self) -> State:
        self._at = min(self._at + 1, len(self._states) - 1)
        return self.now
