"""Takes an Apply back, and brings it back, with Krita's own undo: as one step, and nothing else with it.

An Apply may be several of Krita's steps (a new layer, the removal of the one before it). Krita's Python tells nothing
of them, so the layers that come and go are compared; where others would go, all is put back as it was. Nor does it
tell whether there is anything to undo: the texts of its menu entries do."""

from typing import Any

from anycost_client.core.cooperative import Turn

from anycost_krita.document.history import History, Step, Test
from anycost_krita.document.layers import uuid, walk

_MOST = 10  # of Krita's steps that one Apply may be


class ApplyUndo:
    """Layers are given by their ids (`host_interface.Layer.id`). `replaced`: the one that went for it, "" for none."""

    def __init__(self, krita: Any, turn: Turn, history: History) -> None:
        self._krita, self._turn, self._history = krita, turn, history
        self._made: dict[str, str] = {}  # id of a layer → what Krita's undo said after it was made
        self._undone: dict[str, str] = {}  # … → what redo said after that was undone

    def made(self, id: str) -> None:
        """An Apply has made this layer, and nothing was done since."""
        self._made[id], _ = self._history.texts()

    def undo(self, id: str, replaced: str = "") -> bool:
        """Takes back the Apply that made this layer. False, and nothing has changed, if it was not the last step."""
        now, _ = self._history.texts()
        if self._made.get(id, now) != now:
            return False
        new, old = _node(id), _node(replaced)
        done = self._joined(id, "edit_undo", new, lambda now: new not in now and (not old or old in now))
        if done:
            _, self._undone[id] = self._history.texts()
        return done

    def redo(self, id: str, replaced: str = "") -> bool:
        """Brings it back, if that was undone last."""
        _, now = self._history.texts()
        if self._undone.get(id) != now:
            return False
        new, old = _node(id), _node(replaced)
        return self._joined(id, "edit_redo", old, lambda now: new in now and old not in now)

    # ------------------------------------------------------------------ inside

    def _joined(self, id: str, step: Step, goes: str, done: Test) -> bool:
        """With the steps that belong to it, such as that of a group made for it; nothing comes in between. Where a
        layer would go other than `goes` and what lies in it nothing is done."""
        document = self._krita.activeDocument()
        if document is None or uuid(document.rootNode()) != id.partition("/")[0]:
            return False
        nodes = {uuid(node): node for node in walk(document.topLevelNodes())}
        may_go = {uuid(node) for node in walk([nodes[goes]])} if goes in nodes else set()
        with self._turn.take():
            self._history.look()
            found = self._history.until(document, step, done, lambda now: not nodes.keys() - now <= may_go, _MOST)
            if found:
                self._history.settle(step)
        return found


def _node(id: str) -> str:
    return id.partition("/")[2].partition("@")[0]
