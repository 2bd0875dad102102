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


@dataclass(frozen=True)
class Between:
    """A state between steps of one deed: these layers are there, and those are not."""

    root: str  # uuid of the document's root
    there: frozenset[str]  # uuids of layers
    gone: frozenset[str] = frozenset()
    steps: int = 1  # that lead out of it, at most

    def holds(self, nodes: frozenset[str]) -> bool:
        return self.there <= nodes and not self.gone & nodes


class History:
    """Of all documents. Krita undoes and redoes in the active one, and does not say whether there was anything to."""

    def __init__(self, krita: Any) -> None:
        self._krita = krita
        self._betweens: list[Between] = []
        self._nodes: dict[str, frozenset[str]] = {}  # document → its layers, at the last look

    def undo(self, document: Any, done: Callable[[], bool]) -> bool:
        """Undoes one step if that makes `done` true; else nothing changes."""
        if not self._step(document, "edit_undo"):
            return False
        if done():
            return True
        self._step(document, "edit_redo")
        return False

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
        """After a step of the artist's own."""
        document = self._krita.activeDocument()
        if document is None or not self._betweens:
            return
        document.waitForDone()  # Krita may still be at it
        root, nodes = uuid(document.rootNode()), _nodes(document)
        before = self._nodes.get(root, nodes)
        entered = [one for one in self._betweens if one.root == root and one.holds(nodes) and not one.holds(before)]
        for between in entered:
            steps = 0
            while between.holds(_nodes(document)) and steps < between.steps:
                self._step(document, step)
                steps += 1
        self.look()

    # ------------------------------------------------------------------ inside

    def _step(self, document: Any, step: Step) -> bool:
        action = self._krita.action(step)
        if self._krita.activeDocument() != document or action is None or not action.isEnabled():
            return False
        document.waitForDone()  # of a busy image nothing is undone, or later than one thinks
        action.trigger()
        document.waitForDone()
        return True


def _nodes(document: Any) -> frozenset[str]:
    return frozenset(uuid(node) for node in walk(document.topLevelNodes()))
