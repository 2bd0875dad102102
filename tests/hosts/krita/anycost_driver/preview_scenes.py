"""Previews on the canvas: dragged without a pause, and undone, painted over and saved meanwhile."""

from typing import Any

from .document_user import DocumentUser
from .krita_user import KritaUser

FACE = (50, 60, 700, 900)


def drags(user: KritaUser) -> Any:
    """Three seconds in a small and in a large document, with what else happens meanwhile."""
    hand = DocumentUser(user)
    yield 1.0
    for name, width, height in (("small", 900, 1000), ("large", 2400, 1800), ("48 MP", 8000, 6000)):
        document = yield from hand.open(width, height)
        hand.layer(document, "mine", (1, 2, 3, 255), 0, 0, 10, 10)
        yield 0.3
        document.setActiveNode(document.topLevelNodes()[0])
        yield 0.5
        source = yield from hand.read()
        seen = hand.seen[name] = {"before": hand.names(document)}
        yield from hand.drag(source, 1.0, *FACE)  # Krita makes room
        seen["pictures"] = yield from hand.drag(source, 3.0, *FACE)
        seen["stall"] = user.stall
        yield 0.5
        seen["with_preview"], seen["active"] = hand.names(document), document.activeNode().name()
        user.picture(f"dragged_{name}")
        # As artists do: it is switched off and on, and layers are read, while it is drawn.
        reads: list[Any] = []
        yield from hand.drag(source, 3.0, *FACE, each=disturbances(hand, reads))
        yield lambda reads=reads: reads
        yield 0.5
        seen["reads"] = len(reads)
        seen["disturbed"], seen["active_then"] = hand.names(document), document.activeNode().name()
        hand.host.remove_preview()
        yield 1.0
        seen["after"], seen["active_after"] = hand.names(document), document.activeNode().name()
        seen["pixel"] = hand.pixel(document, 100, 100)
        yield from hand.undo()
        seen["undone"] = hand.names(document)  # the layer that was added before all this
        hand.seen["logged"] = hand.logged
        hand.close(document)
        yield 0.5


def disturbances(hand: DocumentUser, reads: list[Any]) -> Any:
    deeds = {4: hand.host.remove_preview, 6: hand.host.look, 2: lambda: hand.host.read(None, reads.append)}
    return lambda number: deeds.get(number % 7, int)()


def undo(user: KritaUser) -> Any:
    """Undo and redo while a preview is shown, and after layers were added meanwhile."""
    hand = DocumentUser(user)
    seen = hand.seen
    yield 1.0
    document = yield from hand.open(1000, 1000)
    photo = document.topLevelNodes()[0]
    hand.layer(document, "mine", (1, 2, 3, 255), 0, 0, 10, 10)
    yield 0.3
    document.setActiveNode(photo)
    yield 0.5
    source = yield from hand.read()
    yield from hand.drag(source, 0.5, *FACE)
    yield 0.5
    seen["shown"] = hand.names(document)
    yield from hand.undo()
    seen["undone"] = hand.names(document)
    yield from hand.undo("edit_redo")
    seen["redone"] = hand.names(document)
    yield from hand.undo("edit_redo")
    seen["redone_again"] = hand.names(document)
    yield from hand.drag(source, 0.5, *FACE)
    yield 0.5
    seen["shown_again"] = hand.names(document)

    hand.layer(document, "one", (1, 2, 3, 255), 0, 0, 10, 10)
    hand.layer(document, "two", (1, 2, 3, 255), 0, 0, 10, 10)
    yield 0.3
    document.setActiveNode(photo)
    yield 0.5
    yield from hand.drag(source, 0.5, *FACE)
    hand.host.remove_preview()
    yield 1.0
    seen["worked"] = hand.names(document)
    steps = []
    for step in ["edit_undo"] * 4 + ["edit_redo"] * 4:
        yield from hand.undo(step, 0.5)
        steps.append([name for name in hand.names(document) if not name.startswith("PREVIEW")])
    seen["steps"] = steps
    # Another step takes the place of one that was undone: the preview's removal cannot be redone any more.
    yield from hand.undo()
    hand.layer(document, "other", (1, 2, 3, 255), 0, 0, 10, 10)
    yield 0.3
    seen["others"] = []
    for step in ("edit_undo", "edit_redo", "edit_redo"):
        yield from hand.undo(step, 0.5)
        seen["others"].append([name for name in hand.names(document) if not name.startswith("PREVIEW")])
    seen["empty"] = hand.pixel(document, 100, 100)
    hand.host.leave_no_trace()
    yield 0.5
    seen["left"] = hand.names(document)
    seen["logged"] = hand.logged
