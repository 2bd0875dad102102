"""Finds layers by id; tells where their pixels lie, and whether they are hidden or locked.

Krita's Python objects may outlive what they stand for: layers are kept by their ids and looked up when needed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from anycost_client.core.cooperative import Steps, pause
from anycost_client.edit.areas import Area

PREVIEW_NAME = "PREVIEW of Edit Face: not part of the picture"  # in all languages, so that a left one is known again
PREVIEW_LABEL = 8  # colour label: grey
_MASKS = "mask"


@dataclass(frozen=True)
class Place:
    """A layer in a document, perhaps one of its frames. Not to be kept beyond the present event."""

    document: Any
    node: Any
    time: int | None = None

    @property
    def id(self) -> str:
        frame = "" if self.time is None else f"@{self.time}"
        return f"{uuid(self.document.rootNode())}/{uuid(self.node)}{frame}"


def area_of(rectangle: Any) -> Area:
    """Of a QRect, in pixels of the document."""
    return Area(rectangle.x(), rectangle.y(), max(rectangle.width(), 0), max(rectangle.height(), 0))


def uuid(node: Any) -> str:
    """32 hexadecimal digits with dashes; kept in saved documents."""
    return str(node.uniqueId().toString()).strip("{}")


def walk(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield node
        yield from walk(node.childNodes())


def find(document: Any, node_uuid: str) -> Any | None:
    return next((node for node in walk(document.topLevelNodes()) if uuid(node) == node_uuid), None)


def locate(krita: Any, id: str) -> Place | None:
    """None when the document is closed or the layer is gone."""
    root, _, rest = id.partition("/")
    node_uuid, _, time = rest.partition("@")
    for document in krita.documents():
        if uuid(document.rootNode()) == root:
            node = find(document, node_uuid)
            return None if node is None else Place(document, node, int(time) if time else None)
    return None


def activate_instead(document: Any, added: str, artists: str) -> None:
    """Makes the artist's layer active where the added one, or a mask of it, is: Krita activates what is added, some
    versions a moment later. Both are uuids."""
    node = document.activeNode()
    if node is None or added not in (uuid(node), uuid(node.parentNode() or node)):
        return
    before = find(document, artists)
    if before is not None:
        document.setActiveNode(before)


def activated(krita: Any, id: str) -> Steps[Place | None]:
    """Makes the layer the active one, about which Krita's own menu entries are. None where its document is not shown,
    or another layer is active by then."""
    place = locate(krita, id)
    if place is None or krita.activeDocument() != place.document:
        return None
    place.document.setActiveNode(place.node)
    yield from pause()  # Krita activates it a moment later
    place = locate(krita, id)
    if place is None or krita.activeDocument() != place.document:
        return None
    active = place.document.activeNode()
    return place if active is not None and uuid(active) == uuid(place.node) else None


def is_layer(node: Any) -> bool:
    """Not a mask."""
    return not str(node.type()).endswith(_MASKS)


def layer_of(node: Any) -> Any | None:
    """The layer itself, or the one that a mask belongs to; None for masks of the whole image."""
    while node is not None and not is_layer(node):
        node = node.parentNode()
    return None if node is None or node.parentNode() is None else node


def hidden(node: Any) -> bool:
    """It, or a group that it is in."""
    while node is not None and node.parentNode() is not None:
        if not node.visible():
            return True
        node = node.parentNode()
    return False


def locked_group(node: Any) -> str:
    """The name of a locked group that it is in; "" for none."""
    group = node.parentNode()
    while group is not None and group.parentNode() is not None:
        if group.locked():
            return str(group.name())
        group = group.parentNode()
    return ""


def is_preview(node: Any) -> bool:
    return node.name() == PREVIEW_NAME and node.colorLabel() == PREVIEW_LABEL


def keyframes(document: Any, node: Any) -> tuple[int, ...]:
    """Numbers of the frames that the layer has an image of its own for."""
    if not node.animated():
        return ()
    last = max(document.fullClipRangeEndTime(), document.playBackEndTime(), document.animationLength())
    return tuple(time for time in range(last + 1) if node.hasKeyframeAtTime(time))


def keyframe(node: Any, time: int) -> int | None:
    """The frame that is shown at that time; None for a layer that is not animated, and before its first frame."""
    if not node.animated():
        return None
    return next((one for one in range(time, -1, -1) if node.hasKeyframeAtTime(one)), None)


def next_keyframe(document: Any, node: Any, time: int) -> int | None:
    """The one after that time."""
    return next((one for one in keyframes(document, node) if one > time), None)
