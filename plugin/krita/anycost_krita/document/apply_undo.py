"""Takes an Apply back, and brings it back, with Krita's own undo: as one step, and nothing else with it.

An Apply may be several of Krita's steps (a new layer, the removal of the one before it). Krita's Python tells nothing
of them, so the layers that come and go are compared; where others would go, all is put back as it was. Nor does it
tell whether there is anything to undo: the texts of its menu entries do."""

from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Turn

from anycost_krita.document.history import STEPS, History, Step
from anycost_krita.document.layers import uuid, walk

_MOST = 10  # of Krita's steps that one Apply may be
_UNDO, _REDO = STEPS


class ApplyUndo:
    """Layers are given by their ids (`host_interface.Layer.id`). `replaced`: the one that went for it, "" for none."""

    def __init__(self, krita: Any, turn: Turn, history: History) -> None:
        self._krita, self._turn, self._history = krita, turn, history
        self._made: dict[str, str] = {}  # id of a layer → what Krita's undo said after it was made
        self._undone: dict[str, str] = {}  # … → what redo said after that was undone

    def made(self, id: str) -> None:
        """An Apply has made this layer, and nothing was done since."""
        self._made[id] = self._text(_UNDO)

    def undo(self, id: str, replaced: str = "") -> bool:
        """Takes back the Apply that made this layer. False, and nothing has changed, if it was not the last step."""
        now = self._text(_UNDO)
        if self._made.get(id, now) != now:
            return False
        new, old = _node(id), _node(replaced)
        done = self._joined(id, _UNDO, _REDO, new, lambda now: new not in now and (not old or old in now))
        if done:
            self._undone[id] = self._text(_REDO)
        return done

    def redo(self, id: str, replaced: str = "") -> bool:
        """Brings it back, if that was undone last."""
        if self._undone.get(id) != self._text(_REDO):
            return False
        new, old = _node(id), _node(replaced)
        return self._joined(id, _REDO, _UNDO, old, lambda now: new in now and old not in now)

    def steps(self) -> tuple[str, str]:
        """What undo and redo would do now, as their menu entries say."""
        return self._text(_UNDO), self._text(_REDO)

    # ------------------------------------------------------------------ inside

    def _joined(self, id: str, action: Step, back: Step, goes: str, done: Callable[[set[str]], bool]) -> bool:
        """With the steps that belong to it, such as that of a group made for it; nothing comes in between."""
        with self._turn.take():
            self._history.look()
            found = self._steps_until(id, action, back, goes, done)
            if found:
                self._history.settle(action)
        return found

    def _steps_until(self, id: str, action: Step, back: Step, goes: str, done: Callable[[set[str]], bool]) -> bool:
        """Steps until `done`. Where a layer goes other than `goes` and what lies in it, or where no step is left, back
        again."""
        document = self._krita.activeDocument()
        if document is None or uuid(document.rootNode()) != id.partition("/")[0]:
            return False
        nodes = {uuid(node): node for node in walk(document.topLevelNodes())}
        may_go = {uuid(node) for node in walk([nodes[goes]])} if goes in nodes else set()
        before = set(nodes)
        for count in range(1, _MOST + 1):
            texts = self.steps()
            self._history.step(document, action)
            now = {uuid(node) for node in walk(document.topLevelNodes())}
            if now == before and texts == self.steps():  # there was nothing to do
                self._put_back(document, back, count - 1)
                return False
            before = now
            if not set(nodes) - now <= may_go:
                self._put_back(document, back, count)
                return False
            if done(now):
                return True
        self._put_back(document, back, _MOST)
        return False

    def _put_back(self, document: Any, action: Step, steps: int) -> None:
        for _ in range(steps):
            self._history.step(document, action)

    def _text(self, name: str) -> str:
        action = self._krita.action(name)
        return "" if action is None else str(action.text())


def _node(id: str) -> str:
    return id.partition("/")[2].partition("@")[0]
