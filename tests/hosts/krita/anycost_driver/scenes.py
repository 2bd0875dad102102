"""What the tests have a person do in Krita: each scene is a generator, see __init__.py."""

import os
import signal
import time
from typing import Any

from krita import Selection
from PyQt5.QtGui import QImage

from .krita_user import KritaUser

PREVIEW = "PREVIEW of Edit Face"


def nothing(user: KritaUser) -> Any:
    """A first start, which fills the profile."""
    yield 0.5


def edit(user: KritaUser) -> Any:
    """A face is edited from the menu on, and everything is looked at on the way."""
    seen = user.seen
    yield user.opened
    seen["memory"] = [user.memory()]
    seen["undo_before"] = user.undo_text()
    user.pixels("before")
    began = time.monotonic()
    user.choose_menu()
    yield 0.3
    user.picture("opening")
    user.watch_for_stalls()
    yield user.settled
    yield 1.0  # all sliders are there
    seen["stall_opening"] = user.stall
    seen["page"], seen["to_sliders"] = user.page, time.monotonic() - began
    user.picture("opened")
    yield 0.5
    user.watch_for_stalls()
    began = time.monotonic()
    yield from user.drag("smile", 0.6)
    yield user.previewed
    seen["to_preview"] = time.monotonic() - began
    yield user.best
    seen["stall_dragging"] = user.stall
    seen["quality"] = user.controller.editor.quality
    user.type("smile", 0.8)
    yield 0.2
    yield user.best
    seen["strength"] = user.controller.editor.sliders.value("smile")
    user.picture("preview")

    yield lambda: any(PREVIEW in name for name in user.layers())
    user.type("smile", 0.7)
    yield user.best
    yield 0.5
    seen["redrawn"] = user.layers()
    user.type("smile", 0.8)
    yield user.best
    yield 0.5
    user.picture("on_canvas")
    seen["with_preview"] = user.layers()

    user.watch_for_stalls()
    began = time.monotonic()
    user.click(user.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in user.layers())
    seen["to_layer"], seen["stall_applying"] = time.monotonic() - began, user.stall
    yield 1.0
    seen["layers"], seen["message"] = user.layers(), user.controller.message
    seen["memory"].append(user.memory())
    user.picture("applied")
    user.pixels("after")
    user.pixels("source", user.document.topLevelNodes()[0])
    user.pixels("layer", user.document.topLevelNodes()[1])
    user.controller.show_on_canvas(False)
    yield 0.5

    user.krita.action("edit_undo").trigger()
    yield 1.0
    seen["undone"], seen["undo_after"] = user.layers(), user.undo_text()
    user.krita.action("edit_redo").trigger()
    yield 1.0
    seen["redone"] = user.layers()

    user.document.setBatchmode(True)
    user.document.saveAs(str(user.folder / "edited.kra"))
    yield 1.0


def reopen(user: KritaUser) -> Any:
    """An edit in a saved document brings its sliders back, and Apply updates it."""
    yield user.opened
    user.choose_menu()
    edited = next(node for node in user.document.topLevelNodes() if node.name().startswith("Face:"))
    user.activate(edited)
    yield 1.0
    user.choose_menu()
    yield user.settled
    yield lambda: user.controller.editor.sliders.value("smile") != 0
    user.seen["strength"] = user.controller.editor.sliders.value("smile")
    user.seen["source"] = user.controller.source.layer.name
    user.type("smile", -0.5)
    yield 0.5
    yield user.best
    user.click(user.panel.apply)
    yield lambda: any("−0.5" in name for name in user.layers())
    yield 0.5
    user.picture("updated")
    user.seen["layers"] = user.layers()


def troubles(user: KritaUser) -> Any:
    """What must not do harm: layers without a face, that go while they are drawn, a backend that is killed."""
    seen, document = user.seen, None
    yield user.opened
    document = user.document
    photo = document.activeNode()
    seen["no_face"] = []
    for name, size in (("flat", 200), ("dot", 1), ("empty", 0)):
        node = document.createNode(name, "paintlayer")
        if size:
            node.setPixelData(bytes((90, 120, 150, 255)) * size * size, 10, 10, size, size)
        document.rootNode().addChildNode(node, None)
        document.waitForDone()
        user.activate(node)
        yield 0.7
        user.choose_menu()
        yield 0.2
        yield user.settled
        failure = user.controller.failure
        seen["no_face"].append([name, user.page, failure.reason if failure else ""])
        user.picture(f"trouble_{name}")

    user.activate(photo)
    yield 0.7
    photo.setLocked(True)
    user.choose_menu()
    yield 0.2
    yield user.settled
    seen["locked"] = user.page
    yield from user.drag("smile", 0.7, steps=4)
    pid = user.controller.editor.welcome.pid
    os.kill(pid, signal.SIGKILL)
    yield from user.drag("smile", 0.9, steps=4)
    yield lambda: user.page == "EDITING" and user.controller.editor.welcome is not None
    yield user.previewed
    seen["killed"] = [user.page, user.controller.editor.welcome.pid != pid]
    user.picture("trouble_killed")

    yield user.best
    user.click(user.panel.apply)
    photo.setLocked(False)
    photo.remove()
    document.waitForDone()
    yield lambda: not user.controller.applying
    yield 1.5
    seen["deleted"] = [user.page, user.layers()]
    user.picture("trouble_deleted")
    user.krita.action("edit_undo").trigger()
    yield 1.5
    seen["brought_back"] = user.layers()

    user.activate(next(node for node in document.topLevelNodes() if node.name() == photo.name()))
    yield 0.7
    user.choose_menu()
    yield 0.2
    yield user.settled
    user.type("smile", 0.6)
    yield 0.5
    user.click(user.panel.apply)
    document.setModified(False)
    document.setBatchmode(True)
    document.close()
    yield 2.0
    seen["closed"] = user.page
    user.picture("trouble_closed")


def quit_while_rendering(user: KritaUser) -> Any:
    yield user.opened
    user.choose_menu()
    yield user.settled
    user.controller.show_on_canvas(True)
    yield from user.drag("smile", 0.9, steps=3)
    user.click(user.panel.apply)
    user.seen["pid"] = user.controller.editor.welcome.pid


def selection(user: KritaUser) -> Any:
    """A selection with soft edges around the face."""
    yield user.opened
    mask = Selection()
    mask.select(170, 40, 130, 170, 255)
    mask.feather(12)
    user.document.setSelection(mask)
    user.document.waitForDone()
    user.pixels("before")
    user.choose_menu()
    yield user.settled
    user.type("smile", 0.8)
    yield 0.5
    yield user.best
    user.click(user.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in user.layers())
    yield 0.5
    user.picture("selection")
    user.pixels("after")
    data = user.document.selection().pixelData(0, 0, user.document.width(), user.document.height())
    (user.folder / "mask.raw").write_bytes(bytes(data.data()))


def batches(user: KritaUser) -> Any:
    """The same edit on the layers of a group, one of which has no face; then on the keyframes of an animated layer."""
    yield user.opened
    document, photo = user.document, user.document.activeNode()
    whole = (0, 0, document.width(), document.height())
    pixels = photo.pixelData(*whole)
    user.choose_menu()
    yield 0.2
    yield user.settled
    user.type("smile", 0.7)
    yield 0.5

    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    for name in ("one", "flat", "two"):
        node = document.createNode(name, "paintlayer")
        if name == "flat":
            node.setPixelData(bytes((90, 120, 150, 255)) * 400, 0, 0, 20, 20)
        else:
            node.setPixelData(pixels, *whole)
        group.addChildNode(node, None)
    document.waitForDone()
    yield 1.0
    user.activate(group)
    yield 1.0
    user.controller.start_batch("group", False)
    yield 0.2
    yield lambda: not user.controller.batch.running
    yield 0.5
    user.picture("batch")
    user.seen["group"] = [node.name() for node in group.childNodes()]
    user.seen["results"] = [[item.layer.name, item.outcome.name, item.text] for item in user.controller.batch.items]

    animated = document.createNode("film", "paintlayer")
    animated.enableAnimation()
    document.rootNode().addChildNode(animated, None)
    yield 0.5
    document.waitForDone()
    user.activate(animated)
    yield 0.5
    for time_ in (0, 6):
        document.setCurrentTime(time_)
        user.activate(animated)
        document.waitForDone()
        if not animated.hasKeyframeAtTime(time_):
            user.krita.action("add_blank_frame").trigger()
            document.waitForDone()
        animated.setPixelData(pixels, *whole)
        yield 0.5
    document.setCurrentTime(3)
    yield 0.5
    user.controller.start_batch("keyframes", False)
    yield 0.2
    yield lambda: not user.controller.batch.running
    yield 1.0
    edited = [node for node in document.topLevelNodes() if node.name().startswith("Face:") and node.animated()]
    user.seen["film"] = [[time_ for time_ in range(20) if node.hasKeyframeAtTime(time_)] for node in edited]
    user.seen["drawn"] = [
        any(bytes(node.pixelDataAtTime(*whole, time_).data())[3::4]) for node in edited for time_ in (0, 6)
    ]
    user.seen["time"] = document.currentTime()
    user.seen["kept"] = [pixels == animated.pixelDataAtTime(*whole, time_) for time_ in (0, 6)]
    user.picture("film")
    user.activate(animated)  # Krita 5.1.5 is easily upset by animated layers that come and go
    yield 1.0


def other_layers(user: KritaUser) -> Any:
    """The pose is taken over from another layer, the mirror image of this one."""
    yield user.opened
    document, photo, seen = user.document, user.document.activeNode(), user.seen
    width, height = document.width(), document.height()
    pixels = bytes(photo.pixelData(0, 0, width, height).data())
    mirrored = QImage(pixels, width, height, 4 * width, QImage.Format_ARGB32).mirrored(True, False)
    bits = mirrored.constBits()
    bits.setsize(4 * width * height)
    other = document.createNode("mirrored", "paintlayer")
    other.setPixelData(bytes(bits), 0, 0, width, height)
    photo.parentNode().addChildNode(other, None)
    document.waitForDone()
    yield 1.0
    user.activate(photo)
    yield 1.0
    user.choose_menu()
    yield user.settled
    user.panel.more.match.trigger()
    yield 0.3
    dialog = user.panel.layers_view.match
    seen["edited"] = user.controller.source.layer.name
    seen["layers"] = [dialog.layer.itemText(row) for row in range(dialog.layer.count())]
    dialog.what.setCurrentIndex(1)
    dialog.grab().save(str(user.folder / "match.png"))
    user.watch_for_stalls()
    began = time.monotonic()
    user.click(dialog.work.start)
    yield lambda: not user.controller.multi_layer.running
    seen["to_match"], seen["stall_matching"] = time.monotonic() - began, user.stall
    seen["matched"] = [user.controller.multi_layer.failed, user.controller.multi_layer.text]
    seen["strengths"] = dict(user.controller.editor.sliders.preset("").strengths)
    dialog.grab().save(str(user.folder / "matched.png"))
    dialog.close()
    yield user.best
    user.picture("matched_face")
    user.panel.more.learn.trigger()
    yield 0.3
    user.panel.layers_view.learn.grab().save(str(user.folder / "learn.png"))


def large(user: KritaUser) -> Any:
    """12,000 × 12,000 pixels: refused as a whole; a selection in it is edited."""
    yield 1.0
    document = user.krita.createDocument(12_000, 12_000, "large", "RGBA", "U8", "", 72.0)
    user.krita.activeWindow().addView(document)
    yield user.opened
    node = document.activeNode()
    strip = bytes((90, 120, 150, 255)) * 12_000 * 250
    for y in range(0, 12_000, 250):
        node.setPixelData(strip, 0, y, 12_000, 250)
        yield 0.0
    yield 2.0
    user.watch_for_stalls()
    user.choose_menu()
    yield 0.1
    yield user.settled
    user.seen["whole"] = [user.page, user.controller.failure.reason]
    user.seen["stall_refused"] = user.stall
    user.picture("large")
    mask = Selection()
    mask.select(6000, 6000, 500, 500, 255)
    document.setSelection(mask)
    document.waitForDone()
    yield 1.0
    user.watch_for_stalls()
    user.choose_menu()
    yield 0.1
    yield user.settled
    user.seen["selected"], user.seen["stall_read"] = user.page, user.stall
    user.seen["memory"] = user.memory()
