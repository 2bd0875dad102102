"""Puts a layer into a group of its own, where its edits could not be blended as it is."""

from collections.abc import Callable
from typing import Any

from anycost_client.core.cooperative import Steps
from anycost_client.core.errors import HostError

from anycost_krita.base.text import tr
from anycost_krita.document.history import Between, History
from anycost_krita.document.layers import Place, activated, uuid

_STEPS = 4  # of Krita's, at most, before the edit itself is added


def grouped(krita: Any, place_of: Callable[[str], Place], id: str) -> Steps[str]:
    """Puts the source into a group of its own that is blended as it was. Returns the group's uuid.

    place_of: by id; raises HostError. The source stays as it is: at the bottom of a group its own blending mode has
    nothing to be blended with."""
    place = place_of(id)
    document, source = place.document, place.node
    outside, mode = uuid(source.parentNode()), source.blendingMode()
    action = krita.action("create_quick_group")
    if action is not None and (yield from activated(krita, id)) is not None:
        action.trigger()  # one step to undo
        document.waitForDone()
    source = place_of(id).node
    if uuid(source.parentNode()) == outside:
        group = document.createGroupLayer(source.name())
        insert(group, source)
        source.remove()
        group.addChildNode(source, None)
    group = place_of(id).node.parentNode()
    group.setName(tr("{layer} with its edits", layer=source.name()))
    group.setBlendingMode(mode)
    return uuid(group)


def join_group(history: History, document: Any, group: str, edit: Any) -> None:
    """Makes one step to undo of the group and the edit that was added to it. group: its uuid."""
    history.join(Between(uuid(document.rootNode()), frozenset({group}), frozenset({uuid(edit)}), _STEPS))


def insert(node: Any, above: Any) -> None:
    """Raises HostError."""
    if not above.parentNode().addChildNode(node, above):
        raise HostError(tr("Krita did not take the new layer"), tr("try again"))
