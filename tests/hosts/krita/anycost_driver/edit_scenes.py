"""Edits as layers: where they lie, what an update keeps, how they are blended, frames, and other documents."""

import time
from dataclasses import replace
from typing import Any

from anycost_krita.document.layers import walk
from krita import Krita, Selection

from .document_user import DocumentUser
from .krita_user import KritaUser

RED, GREEN, BLUE = (0, 0, 200, 255), (0, 180, 40, 255), (210, 60, 20, 255)
SIZE = (300, 200)
FACE = (40, 30, 100, 80)


def order(user: KritaUser) -> Any:
    """Older edits of the same source, and of another one, within a soft selection."""
    hand, seen = DocumentUser(user), user.seen
    yield 1.0
    document = yield from hand.open(*SIZE)
    photo = document.topLevelNodes()[0]
    other = hand.layer(document, "other", GREEN, 0, 0, 30, 30)
    yield 0.3
    for node, titles in ((photo, ("first", "second")), (other, ("of other",)), (photo, ("third",))):
        document.setActiveNode(node)
        document.setSelection(_selection(128) if node is other else None)
        yield 0.3
        source = yield from hand.read()
        for title in titles:
            yield from hand.apply(source, [RED], 5, 5, 20, 20, title=title)
            yield 0.3
            seen.setdefault("active", []).append(document.activeNode().name())
        if document.selection():
            seen["selected"] = list(bytes(document.selection().pixelData(10, 10, 1, 1).data()))
    seen["edits"] = hand.names(document)
    masks = [node.childNodes() for node in document.topLevelNodes() if node.name().startswith("Face")]
    seen["masks"] = [[hand.pixel(mask, 10, 10) for mask in one] for one in masks]
    source = yield from hand.read()
    hand.preview(source, BLUE, 5, 5, 20, 20)
    yield 1.0
    seen["preview"] = hand.names(document)
    hand.host.remove_preview()
    seen["logged"] = hand.logged


def update(user: KritaUser) -> Any:
    """A layer with everything that artists add to it gets another face."""
    hand, seen = DocumentUser(user), user.seen
    yield 1.0
    document = yield from hand.open(*SIZE)
    photo = document.topLevelNodes()[0]
    document.setActiveNode(photo)
    yield 0.3
    source = yield from hand.read()
    yield from hand.apply(source, [RED], *FACE)
    yield 0.3
    edit = document.topLevelNodes()[1]
    mask = edit.childNodes()[0]
    mask.setPixelData(bytes(50 * SIZE[1]), 0, 0, 50, SIZE[1])  # black, on the left of the face
    seen["brushed"] = [_seen(hand, document, x) for x in (FACE[0] + 5, FACE[0] + 50)]
    edit.addChildNode(document.createFilterMask("warmer", Krita.instance().filter("invert"), edit), mask)
    edit.setBlendingMode("screen")
    edit.setOpacity(120)
    edit.setColorLabel(3)
    edit.setAlphaLocked(True)
    document.waitForDone()
    seen["old"] = _properties(edit)

    document.setActiveNode(edit)
    yield 0.3
    again = yield from hand.read()
    seen["untouched"] = yield from hand.outcome(lambda then: hand.host.painted_on(again, then))
    yield from hand.apply(again, [BLUE], *FACE, title="Smile −0.5")
    yield 0.5
    new = document.topLevelNodes()[1]
    seen["new"], seen["names"] = _properties(new), hand.names(document)
    seen["pixel"] = hand.pixel(new, 60, 60)
    seen["mask"] = [list(bytes(new.childNodes()[0].pixelData(x, 60, 1, 1).data())) for x in (45, 95, 250)]
    seen["active"] = document.activeNode().name()
    yield from hand.undo()
    old = document.topLevelNodes()[1]
    seen["undone"], seen["undone_pixel"] = hand.names(document), hand.pixel(old, 60, 60)
    seen["undone_properties"] = _properties(old)
    yield from hand.undo("edit_redo")
    seen["redone"] = hand.names(document)

    new = document.topLevelNodes()[1]
    new.setName("Anna smiles")
    for name, area in (("inside", (60, 60, 5, 5)), ("beside", (200, 150, 5, 5))):
        document.setActiveNode(new)
        yield 0.3
        again = yield from hand.read()
        before = bytes(new.pixelData(*area).data())
        hand.fill(new, GREEN, *area)
        seen[name] = yield from hand.outcome(lambda then, again=again: hand.host.painted_on(again, then))
        new.setPixelData(before, *area)
    seen["restored"] = yield from hand.outcome(lambda then: hand.host.painted_on(again, then))
    yield from hand.apply(again, [GREEN], *FACE, title="Smile +1")
    yield 0.3
    seen["renamed"] = hand.names(document)
    seen["logged"] = hand.logged


def _seen(hand: DocumentUser, document: Any, x: int) -> list[int]:
    document.refreshProjection()
    document.waitForDone()
    return hand.pixel(document, x, 60)


def _properties(node: Any) -> Any:
    masks = [[mask.name(), mask.type()] for mask in node.childNodes()]
    mode, alpha = node.blendingMode(), node.alphaLocked()
    return [masks, mode, node.opacity(), node.colorLabel(), alpha]


CASES = (
    "plain",
    "multiply",
    "half",
    "masked",
    "clipped",
    "in a group",
    "lowest",
    "lowest in a group",
    "all of it",
    "clipped multiply",
)


def blending(user: KritaUser) -> Any:
    """The sum is what the source would look like with the face in it, whatever its blending."""
    hand = DocumentUser(user)
    yield 1.0
    soft = (*BLUE[:3], 128)
    for case in CASES:
        seen = hand.seen[case] = {}
        document, source_layer = yield from _stack(hand, case)
        # What it shall look like: the face is painted into the source, and out of it again.
        mixed = tuple((old + new + 1) // 2 for old, new in zip(RED[:3], BLUE[:3], strict=True))
        hand.fill(source_layer, BLUE, 40, 30, 50, 80)
        hand.fill(source_layer, (*mixed, 255), 90, 30, 50, 80)
        document.refreshProjection()
        wanted = _looks(hand, document)
        hand.fill(source_layer, RED, 40, 30, 100, 80)
        document.refreshProjection()
        before = _looks(hand, document)
        document.setActiveNode(source_layer)
        yield 0.3
        source = yield from hand.read()
        x, y = source.region.rectangle.x, source.region.rectangle.y
        result = yield from hand.apply(source, [BLUE, soft], 40 - x, 30 - y, 100, 80)
        yield 0.3
        document.refreshProjection()
        document.waitForDone()
        seen["result"], seen["names"] = getattr(result, "name", str(result)), hand.names(document)
        after = _looks(hand, document)
        active = document.activeNode()
        seen["active"] = active.name()
        yield from hand.undo()
        seen["undone"], seen["undone_off"] = hand.names(document), _off(_looks(hand, document), before, 0, 300)
        yield from hand.undo("edit_redo")
        seen["redone"] = hand.names(document)
        seen["redone_off"] = _off(_looks(hand, document), after, 0, 300)
        seen["unchanged_off"] = max(_off(after, before, 0, 40), _off(after, before, 140, 300))
        seen["changed"] = _off(after, before, 40, 140)
        seen["off"] = _off(after, wanted, 0, 300)
        hand.close(document)
        yield 0.3
    hand.seen["logged"] = hand.logged


def _stack(hand: DocumentUser, case: str) -> Any:
    """A document with something beneath and above the source, which is red."""
    document = yield from hand.open(*SIZE, colour=(90, 150, 220, 255))
    lowest = document.topLevelNodes()[0]
    if case == "lowest":
        hand.fill(lowest, RED, 0, 0, *SIZE)
        lowest.setOpacity(100)
        lowest.setBlendingMode("multiply")
        document.waitForDone()
        yield 0.3
        return document, lowest
    base = hand.layer(document, "base", (200, 230, 120, 255), 60, 0, 200, 200)
    parent = document.rootNode()
    if "group" in case:
        parent = document.createGroupLayer("group")
        document.rootNode().addChildNode(parent, base)
        parent.setBlendingMode("multiply")
        parent.setOpacity(200)
        if case == "in a group":
            hand.layer(document, "inner", (240, 240, 140, 255), 50, 10, 30, 100, parent=parent)
    layer = hand.layer(document, "source", RED, 0, 0, *SIZE, parent=parent)
    if "multiply" in case or case in ("lowest in a group", "all of it"):
        layer.setBlendingMode("multiply")
    if case in ("half", "all of it"):
        layer.setOpacity(128)
    if "clipped" in case:
        layer.setInheritAlpha(True)
    if case in ("masked", "all of it"):
        mask = document.createNode("mask", "transparencymask")
        layer.addChildNode(mask, None)
        mask.setPixelData(bytes([255] * 70 + [0] * 230) * SIZE[1], 0, 0, *SIZE)
    document.waitForDone()
    document.refreshProjection()
    document.waitForDone()
    yield 0.3
    return document, layer


def _looks(hand: DocumentUser, document: Any) -> bytes:
    """One row through all."""
    document.waitForDone()
    return bytes(document.pixelData(0, 60, SIZE[0], 1).data())


def _off(one: bytes, other: bytes, left: int, right: int) -> int:
    """The largest difference of any channel."""
    return max(abs(a - b) for a, b in zip(one[4 * left : 4 * right], other[4 * left : 4 * right], strict=True))


def frames(user: KritaUser) -> Any:
    """An animated layer, multiplied, whose frame 6 has no face; and one frame edited by itself."""
    hand, seen = DocumentUser(user), user.seen
    yield 1.0
    document = yield from hand.open(*SIZE)
    film = yield from _film(hand, document)
    film.setBlendingMode("multiply")
    document.waitForDone()
    layers = hand.host.batch("keyframes")
    seen["batch"] = [layer.name for layer in layers]
    for layer in (layers[0], layers[2]):
        source = yield from hand.read(layer)
        result = yield from hand.apply(source, [BLUE], *FACE)
        seen.setdefault("written", []).append(getattr(result, "name", str(result)))
    yield 1.0
    edited = _edits(document)
    seen["names"] = hand.names(document)
    seen["keys"] = [_keys(node) for node in edited]
    seen["drawn"] = [_drawn(edited[0], frame) for frame in (0, 6, 12)]
    for frame in (0, 6):
        document.setCurrentTime(frame)
        yield 0.5
        seen.setdefault("looks", []).append([_seen(hand, document, 60)[:3], _seen(hand, document, 250)[:3]])
    document.setActiveNode(film)
    document.setCurrentTime(7)
    yield 1.0
    seen["active"] = hand.host.active().name
    source = yield from hand.read()
    seen["source"] = source.layer.name
    result = yield from hand.apply(source, [GREEN], *FACE, title="Smile −0.3")
    yield 1.0
    new = [node for node in _edits(document) if node.name().endswith("−0.3")]
    seen["names_then"], seen["result"] = hand.names(document), getattr(result, "name", str(result))
    seen["keys_then"] = [_keys(node) for node in new]
    seen["drawn_then"] = [_drawn(new[0], frame) for frame in (0, 6, 12)]
    seen["time"] = document.currentTime()
    # The animated edit is active now: it is the frame of its source that is edited again.
    again = yield from hand.read()
    seen["again"] = getattr(getattr(again, "layer", None), "name", str(again))
    seen["logged"] = hand.logged
    document.setActiveNode(film)
    yield 1.0


def _edits(document: Any) -> list[Any]:
    """In whatever group."""
    return [node for node in walk(document.topLevelNodes()) if node.name().startswith("Face")]


def _keys(node: Any) -> list[int]:
    return [frame for frame in range(20) if node.hasKeyframeAtTime(frame)]


def _drawn(node: Any, frame: int) -> bool:
    return any(bytes(node.pixelDataAtTime(60, 60, 1, 1, frame).data()))


def _film(hand: DocumentUser, document: Any) -> Any:
    film = document.createNode("film", "paintlayer")
    film.enableAnimation()
    document.rootNode().addChildNode(film, document.topLevelNodes()[-1])
    yield 0.5
    for frame, colour in ((0, RED), (6, GREEN), (12, RED)):
        document.setCurrentTime(frame)
        document.setActiveNode(film)
        document.waitForDone()
        yield 0.3
        if not film.hasKeyframeAtTime(frame):
            hand.krita.action("add_blank_frame").trigger()
            document.waitForDone()
        hand.fill(film, colour, 0, 0, *SIZE)
        yield 0.3
    return film


def large(user: KritaUser) -> Any:
    """48 megapixels, read as a whole, and a face written; figures are for people."""
    hand, seen = DocumentUser(user), user.seen
    yield 1.0
    document = yield from hand.open(8000, 6000)
    yield 2.0
    for deed in ("read", "apply", "update"):
        user.watch_for_stalls()
        began = time.monotonic()
        if deed == "read":
            source = yield from hand.read()
        else:
            result = yield from hand.apply(source, [BLUE], 3000, 2000, 1500, 2000, title=deed)
            source = replace(source, replaces=result)
        seen[deed] = [round(time.monotonic() - began, 2), *user.stall]
        yield 1.0
    seen["names"], seen["logged"] = hand.names(document), hand.logged


def kinds(user: KritaUser) -> Any:
    """Layers that have no pixels of their own, are not seen, or whose document goes meanwhile."""
    hand, seen = DocumentUser(user), user.seen
    yield 1.0
    document = yield from hand.open(*SIZE, colour=RED)
    photo = document.topLevelNodes()[0]
    krita = hand.krita
    filtered = document.createFilterLayer("filter", krita.filter("invert"), _selection(255))
    vector = document.createVectorLayer("vector")
    group = document.createGroupLayer("group")
    empty = document.createNode("empty", "paintlayer")
    hidden = document.createNode("hidden", "paintlayer")
    clone = document.createCloneLayer("clone", photo)
    for node in (filtered, vector, group, empty, hidden, clone):
        document.rootNode().addChildNode(node, document.topLevelNodes()[-1])
    document.waitForDone()
    inner = hand.layer(document, "inner", BLUE, 10, 10, 50, 50, parent=group)
    hand.fill(hidden, GREEN, 0, 0, *SIZE)
    hidden.setVisible(False)
    vector.addShapesFromSvg(
        '<svg width="300" height="200"><rect x="20" y="20" width="90" height="90" fill="#0f0"/></svg>'
    )
    yield 1.0
    document.refreshProjection()
    document.waitForDone()
    for node in (photo, filtered, vector, group, empty, hidden, clone):
        document.setActiveNode(node)
        yield 0.4
        got = yield from hand.read()
        seen[node.name()] = _told(got)
    group.setVisible(False)
    document.setActiveNode(inner)
    yield 0.4
    seen["in hidden"] = _told((yield from hand.read()))
    document.setActiveNode(group)
    yield 0.4
    seen["hidden group"] = _told((yield from hand.read()))

    # Another document is shown, and then the first one is closed, while results are written.
    document.setActiveNode(photo)
    yield 0.4
    source = yield from hand.read()
    other = yield from hand.open(*SIZE, colour=GREEN)
    yield 0.5
    seen["other"] = hand.host.active().name
    result = yield from hand.apply(source, [BLUE], *FACE)
    seen["switched"] = [getattr(result, "name", str(result)), hand.names(document), hand.names(other)]
    got: list[Any] = []
    hand.host.read(None, got.append)
    hand.close(other)
    yield lambda: got
    seen["closed while read"] = _told(got[0])
    yield 0.5
    third = yield from hand.open(*SIZE, colour=GREEN)
    hand.close(document)
    yield 0.5
    result = yield from hand.apply(source, [BLUE], *FACE)
    seen["closed"] = [_told(result), hand.names(third)]
    seen["logged"] = hand.logged


def _told(got: Any) -> Any:
    if hasattr(got, "region"):
        pixel = list(bytes(got.region.image.data)[:4])
        area = got.region.rectangle
        return [got.layer.name, [area.x, area.y, area.width, area.height], pixel, got.warning]
    return [got.cause, got.remedy, got.reason]


def _selection(value: int) -> Any:
    selection = Selection()
    selection.select(0, 0, *SIZE, value)
    return selection
