"""The transparency mask that a new edit comes with: painting black on it hides the effect.

Krita's Python makes masks without pixels, on which nobody can paint; Krita's own menu makes whole ones, of the layer
that is active."""

from typing import Any

from anycost_client.core.cooperative import Steps

from anycost_krita.base.text import tr
from anycost_krita.document.history import Between, History
from anycost_krita.document.layers import activated, uuid

_ACTION = "add_new_transparency_mask"


def add_mask(krita: Any, history: History, id: str) -> Steps[None]:
    """Gives the new layer a white one, as one step to undo with its own; nothing where its document is not shown."""
    action = krita.action(_ACTION)
    place = (yield from activated(krita, id)) if action is not None else None
    if place is None:
        return
    document, node = place.document, place.node
    selection = document.selection()
    document.setSelection(None)  # else it went into the mask; it is in the edit's own alpha already
    action.trigger()
    document.waitForDone()
    document.setSelection(selection)
    for mask in node.childNodes():
        mask.setName(tr("Paint black to hide"))
        root = uuid(document.rootNode())
        history.join(Between(root, frozenset({uuid(node)}), frozenset({uuid(mask)})))
