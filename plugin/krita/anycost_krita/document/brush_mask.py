"""The transparency mask that a new edit comes with: painting black on it hides the effect.

Krita's Python makes masks without pixels, on which nobody can paint; Krita's own menu makes whole ones, of the layer
that is active."""

from typing import Any

from anycost_client.core.cooperative import Steps, pause

from anycost_krita.base.text import tr
from anycost_krita.document.history import Between, History
from anycost_krita.document.layers import locate, uuid

_ACTION = "add_new_transparency_mask"


def add_mask(krita: Any, history: History, id: str) -> Steps[None]:
    """Gives the new layer a white one, as one step to undo with its own; nothing where its document is not shown."""
    place, action = locate(krita, id), krita.action(_ACTION)
    if place is None or action is None or krita.activeDocument() != place.document:
        return
    place.document.setActiveNode(place.node)
    yield from pause()  # Krita activates it a moment later
    place = locate(krita, id)
    if place is None or krita.activeDocument() != place.document:
        return
    document, node, active = place.document, place.node, place.document.activeNode()
    if active is None or uuid(active) != uuid(node):
        return
    selection = document.selection()
    document.setSelection(None)  # else it went into the mask; it is in the edit's own alpha already
    action.trigger()
    document.waitForDone()
    document.setSelection(selection)
    for mask in node.childNodes():
        mask.setName(tr("Paint black to hide"))
        root = uuid(document.rootNode())
        history.join(Between(root, frozenset({uuid(node)}), frozenset({uuid(mask)})))
