"""Undo and redo of the document: what takes several of Krita's steps is one for the artist.

Krita's Python makes a step of each layer that it adds or removes. A deed of ours that takes several leaves states of
the layers between them that nobody wants; where undo or redo leads into one, further steps lead out again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from anycost_krita.document.layers import uuid, walk

_KEPT = 200  # deeds that are remembered
Step = Literal["edit_undo", "edit_redo"]  # as Krita calls its actions
STEPS: tuple[Step, Step] = ("edit_undo", "edit_redo")
Test = Callable[[frozenset[str]], bool]  # of the uuids of the layers that are there


@dataclass(frozen=True)
class Between:
    """A state between steps of one deed: these layers are there, and those are not."""

    root: str  # uuid of the document's root
    there: frozenset[str]  # uuids of layers
    gone: frozenset[str] = frozenset()
    steps: int = 1  # that lead out of it, at most
    shared: bool = False  # artists' own steps may lie between its ends: each is one by itself, the ends go with them

    def holds(self, nodes: frozenset[str]) -> bool:
        return self.there <= nodes and not self.gone & nodes


class History:
    """Of all documents. Krita undoes and redoes in the active one, and does not say whether there was anything to."""

    def __init__(self, krita: Any) -> None:
        self._krita = krita
        self._betweens: list[Between] = []
        self._nodes: dict[str, frozenset[str]] = {}  # document → its layers, at the last look

    def step(self, document: Any, step: Step) -> bool:
        """One of Krita's own; False where the document is not the active one. Krita does not say whether there was
        anything to undo or redo."""
        action = self._krita.action(step)
        if self._krita.activeDocument() != document or action is None or not action.isEnabled():
            return False
        document.waitForDone()  # of a busy image nothing is undone, or later than one thinks
        action.trigger()
        document.waitForDone()
        return True

    def until(self, document: Any, step: Step, done: Test, wrong: Test = lambda _: False, most: int = 1) -> bool:
        """Steps until the layers are such that it is `done`, at most so many. Where they are `wrong`, or no step is
        left, all is put back as it was."""
        before, count, doubtful = None, 0, False
        while count < most and not doubtful:
            before = self._state(document)
            if not self.step(document, step):
                break
            count += 1
            now = _nodes(document)
            if wrong(now):
                break
            if done(now):
                return True
            doubtful = self._state(document) == before
        for _ in range(count):
            self.step(document, "edit_redo" if step == "edit_undo" else "edit_undo")
            if doubtful and self._state(document) != before:  # there was nothing to do: now something is undone
                self.step(document, step)
            doubtful = False
        return False

    def texts(self) -> tuple[str, str]:
        """What undo and redo would do now, as their menu entries say."""
        actions = [self._krita.action(step) for step in STEPS]
        undo, redo = ("" if action is None else str(action.text()) for action in actions)
        return undo, redo

    def join(self, between: Between) -> None:
        """Makes one step for the artist of several. To be told when all are done."""
        self._betweens = [*self._betweens[1 - _KEPT :], between]
        self.look()

    def look(self) -> None:
        """Notes which layers there are. To be called often: what an undo or redo changes is told by it."""
        roots = {between.root for between in self._betweens}
        documents = {uuid(document.rootNode()): document for document in self._krita.documents()} if roots else {}
        self._nodes = {root: _nodes(document) for root, document in documents.items() if root in roots}
        self._betweens = [between for between in self._betweens if between.root in documents]

    def settle(self, step: Step) -> None:
        """After a step of the artist's own: leads out of states that nobody wants."""
        document = self._krita.activeDocument()
        if document is None or not self._betweens:
            return
        document.waitForDone()  # Krita may still be at it
        root, now = uuid(document.rootNode()), _nodes(document)
        before = self._nodes.get(root, now)
        waiting = [one for one in self._betweens if one.root == root and (one.shared or not one.holds(before))]
        while within := next((one for one in waiting if one.holds(now)), None):
            waiting.remove(within)
            self._lead_out(document, within, step, within.steps if not within.holds(before) else 0)
            now = _nodes(document)  # perhaps in the midst of another deed
        self.look()

    # ------------------------------------------------------------------ inside

    def _lead_out(self, document: Any, between: Between, step: Step, steps: int) -> None:
        for _ in range(steps):
            self.step(document, step)
            if not between.holds(_nodes(document)):
                return
        if between.shared:  # unless the next one is the artist's
            self.until(document, step, lambda now: not between.holds(now))

    def _state(self, document: Any) -> object:
        """What can be seen of it. A step that does nothing leaves it as it is; so does one between others of its
        name."""
        document.waitForDone()
        return self.texts(), _nodes(document)


def _nodes(document: Any) -> frozenset[str]:
    return frozenset(uuid(node) for node in walk(document.topLevelNodes()))
