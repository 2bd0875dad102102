"""What the tests have a person do in Krita: each scene is a generator, see __init__.py."""

import os
import signal
import time
from typing import Any

from krita import Selection
from PyQt5.QtGui import QImage

from .stage import Stage

PREVIEW = "PREVIEW of Edit Face"


def nothing(stage: Stage) -> Any:
    """A first start, which fills the profile."""
    yield 0.5


def edit(stage: Stage) -> Any:
    """A face is edited from the menu on, and everything is looked at on the way."""
    seen = stage.seen
    yield stage.opened
    seen["memory"] = [stage.memory()]
    stage.pixels("before")
    began = time.monotonic()
    stage.choose_menu()
    yield 0.3
    stage.picture("opening")
    stage.watch_for_stalls()
    yield stage.settled
    yield 1.0  # all sliders are there
    seen["stall_opening"] = stage.stall
    seen["page"], seen["to_sliders"] = stage.page, time.monotonic() - began
    stage.picture("opened")
    yield 0.5
    stage.watch_for_stalls()
    began = time.monotonic()
    yield from stage.drag("smile", 0.6)
    yield stage.previewed
    seen["to_preview"] = time.monotonic() - began
    yield stage.best
    seen["stall_dragging"] = stage.stall
    seen["quality"] = stage.controller.editor.quality
    stage.type("smile", 0.8)
    yield 0.2
    yield stage.best
    seen["strength"] = stage.controller.editor.sliders.value("smile")
    stage.picture("preview")

    seen["undo_before"] = stage.undo_text()
    stage.controller.show_on_canvas(True)
    yield lambda: any(PREVIEW in name for name in stage.layers())
    stage.type("smile", 0.7)
    yield stage.best
    yield 0.5
    seen["redrawn"] = stage.layers()
    stage.type("smile", 0.8)
    yield stage.best
    yield 0.5
    stage.picture("on_canvas")
    seen["with_preview"] = stage.layers()

    stage.watch_for_stalls()
    began = time.monotonic()
    stage.click(stage.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in stage.layers())
    seen["to_layer"], seen["stall_applying"] = time.monotonic() - began, stage.stall
    yield 1.0
    seen["layers"], seen["message"] = stage.layers(), stage.controller.message
    seen["memory"].append(stage.memory())
    stage.picture("applied")
    stage.pixels("after")
    stage.pixels("source", stage.document.topLevelNodes()[0])
    stage.pixels("layer", stage.document.topLevelNodes()[1])
    stage.controller.show_on_canvas(False)
    yield 0.5

    stage.krita.action("edit_undo").trigger()
    yield 1.0
    seen["undone"], seen["undo_after"] = stage.layers(), stage.undo_text()
    stage.krita.action("edit_redo").trigger()
    yield 1.0
    seen["redone"] = stage.layers()

    stage.document.setBatchmode(True)
    stage.document.saveAs(str(stage.folder / "edited.kra"))
    yield 1.0


def reopen(stage: Stage) -> Any:
    """An edit in a saved document brings its sliders back, and Apply updates it."""
    yield stage.opened
    stage.choose_menu()
    edited = next(node for node in stage.document.topLevelNodes() if node.name().startswith("Face:"))
    stage.activate(edited)
    yield 1.0
    stage.choose_menu()
    yield stage.settled
    yield lambda: stage.controller.editor.sliders.value("smile") != 0
    stage.seen["strength"] = stage.controller.editor.sliders.value("smile")
    stage.seen["source"] = stage.controller.source.layer.name
    stage.type("smile", -0.5)
    yield 0.5
    yield stage.best
    stage.click(stage.panel.apply)
    yield lambda: any("−0.5" in name for name in stage.layers())
    yield 0.5
    stage.picture("updated")
    stage.seen["layers"] = stage.layers()


def troubles(stage: Stage) -> Any:
    """What must not do harm: layers without a face, that go while they are drawn, a backend that is killed."""
    seen, document = stage.seen, None
    yield stage.opened
    document = stage.document
    photo = document.activeNode()
    seen["no_face"] = []
    for name, size in (("flat", 200), ("dot", 1), ("empty", 0)):
        node = document.createNode(name, "paintlayer")
        if size:
            node.setPixelData(bytes((90, 120, 150, 255)) * size * size, 10, 10, size, size)
        document.rootNode().addChildNode(node, None)
        document.waitForDone()
        stage.activate(node)
        yield 0.7
        stage.choose_menu()
        yield 0.2
        yield stage.settled
        failure = stage.controller.failure
        seen["no_face"].append([name, stage.page, failure.reason if failure else ""])
        stage.picture(f"trouble_{name}")

    stage.activate(photo)
    yield 0.7
    photo.setLocked(True)
    stage.choose_menu()
    yield 0.2
    yield stage.settled
    seen["locked"] = stage.page
    yield from stage.drag("smile", 0.7, steps=4)
    pid = stage.controller.editor.welcome.pid
    os.kill(pid, signal.SIGKILL)
    yield from stage.drag("smile", 0.9, steps=4)
    yield lambda: stage.page == "EDITING" and stage.controller.editor.welcome is not None
    yield stage.previewed
    seen["killed"] = [stage.page, stage.controller.editor.welcome.pid != pid]
    stage.picture("trouble_killed")

    yield stage.best
    stage.click(stage.panel.apply)
    photo.setLocked(False)
    photo.remove()
    document.waitForDone()
    yield lambda: not stage.controller.applying
    yield 1.5
    seen["deleted"] = [stage.page, stage.layers()]
    stage.picture("trouble_deleted")
    stage.krita.action("edit_undo").trigger()
    yield 1.5
    seen["brought_back"] = stage.layers()

    stage.activate(next(node for node in document.topLevelNodes() if node.name() == photo.name()))
    yield 0.7
    stage.choose_menu()
    yield 0.2
    yield stage.settled
    stage.type("smile", 0.6)
    yield 0.5
    stage.click(stage.panel.apply)
    document.setModified(False)
    document.setBatchmode(True)
    document.close()
    yield 2.0
    seen["closed"] = stage.page
    stage.picture("trouble_closed")


def quit_while_rendering(stage: Stage) -> Any:
    yield stage.opened
    stage.choose_menu()
    yield stage.settled
    stage.controller.show_on_canvas(True)
    yield from stage.drag("smile", 0.9, steps=3)
    stage.click(stage.panel.apply)
    stage.seen["pid"] = stage.controller.editor.welcome.pid


def selection(stage: Stage) -> Any:
    """A selection with soft edges around the face."""
    yield stage.opened
    mask = Selection()
    mask.select(170, 40, 130, 170, 255)
    mask.feather(12)
    stage.document.setSelection(mask)
    stage.document.waitForDone()
    stage.pixels("before")
    stage.choose_menu()
    yield stage.settled
    stage.type("smile", 0.8)
    yield 0.5
    yield stage.best
    stage.click(stage.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in stage.layers())
    yield 0.5
    stage.picture("selection")
    stage.pixels("after")
    data = stage.document.selection().pixelData(0, 0, stage.document.width(), stage.document.height())
    (stage.folder / "mask.raw").write_bytes(bytes(data.data()))


def batches(stage: Stage) -> Any:
    """The same edit on the layers of a group, one of which has no face; then on the keyframes of an animated layer."""
    yield stage.opened
    document, photo = stage.document, stage.document.activeNode()
    whole = (0, 0, document.width(), document.height())
    pixels = photo.pixelData(*whole)
    stage.choose_menu()
    yield 0.2
    yield stage.settled
    stage.type("smile", 0.7)
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
    stage.activate(group)
    yield 1.0
    stage.controller.start_batch("group", False)
    yield 0.2
    yield lambda: not stage.controller.batch.running
    yield 0.5
    stage.picture("batch")
    stage.seen["group"] = [node.name() for node in group.childNodes()]
    stage.seen["results"] = [[item.layer.name, item.outcome.name, item.text] for item in stage.controller.batch.items]

    animated = document.createNode("film", "paintlayer")
    animated.enableAnimation()
    document.rootNode().addChildNode(animated, None)
    yield 0.5
    document.waitForDone()
    stage.activate(animated)
    yield 0.5
    for time_ in (0, 6):
        document.setCurrentTime(time_)
        stage.activate(animated)
        document.waitForDone()
        if not animated.hasKeyframeAtTime(time_):
            stage.krita.action("add_blank_frame").trigger()
            document.waitForDone()
        animated.setPixelData(pixels, *whole)
        yield 0.5
    document.setCurrentTime(3)
    yield 0.5
    stage.controller.start_batch("keyframes", False)
    yield 0.2
    yield lambda: not stage.controller.batch.running
    yield 1.0
    edited = [node for node in document.topLevelNodes() if node.name().startswith("Face:") and node.animated()]
    stage.seen["film"] = [[time_ for time_ in range(20) if node.hasKeyframeAtTime(time_)] for node in edited]
    stage.seen["drawn"] = [
        any(bytes(node.pixelDataAtTime(*whole, time_).data())[3::4]) for node in edited for time_ in (0, 6)
    ]
    stage.seen["time"] = document.currentTime()
    stage.seen["kept"] = [pixels == animated.pixelDataAtTime(*whole, time_) for time_ in (0, 6)]
    stage.picture("film")
    stage.activate(animated)  # Krita 5.1.5 is easily upset by animated layers that come and go
    yield 1.0


def other_layers(stage: Stage) -> Any:
    """The pose is taken over from another layer, the mirror image of this one."""
    yield stage.opened
    document, photo, seen = stage.document, stage.document.activeNode(), stage.seen
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
    stage.activate(photo)
    yield 1.0
    stage.choose_menu()
    yield stage.settled
    stage.panel.match.trigger()
    yield 0.3
    dialog = stage.panel.layers_view.match
    seen["edited"] = stage.controller.source.layer.name
    seen["layers"] = [dialog.layer.itemText(row) for row in range(dialog.layer.count())]
    dialog.what.setCurrentIndex(1)
    dialog.grab().save(str(stage.folder / "match.png"))
    stage.watch_for_stalls()
    began = time.monotonic()
    stage.click(dialog.work.start)
    yield lambda: not stage.controller.from_layers.running
    seen["to_match"], seen["stall_matching"] = time.monotonic() - began, stage.stall
    seen["matched"] = [stage.controller.from_layers.failed, stage.controller.from_layers.text]
    seen["strengths"] = dict(stage.controller.editor.sliders.preset("").strengths)
    dialog.grab().save(str(stage.folder / "matched.png"))
    dialog.close()
    yield stage.best
    stage.picture("matched_face")
    stage.panel.learn.trigger()
    yield 0.3
    stage.panel.layers_view.learn.grab().save(str(stage.folder / "learn.png"))


def large(stage: Stage) -> Any:
    """12,000 × 12,000 pixels: refused as a whole; a selection in it is edited."""
    yield 1.0
    document = stage.krita.createDocument(12_000, 12_000, "large", "RGBA", "U8", "", 72.0)
    stage.krita.activeWindow().addView(document)
    yield stage.opened
    node = document.activeNode()
    strip = bytes((90, 120, 150, 255)) * 12_000 * 250
    for y in range(0, 12_000, 250):
        node.setPixelData(strip, 0, y, 12_000, 250)
        yield 0.0
    yield 2.0
    stage.watch_for_stalls()
    stage.choose_menu()
    yield 0.1
    yield stage.settled
    stage.seen["whole"] = [stage.page, stage.controller.failure.reason]
    stage.seen["stall_refused"] = stage.stall
    stage.picture("large")
    mask = Selection()
    mask.select(6000, 6000, 500, 500, 255)
    document.setSelection(mask)
    document.waitForDone()
    yield 1.0
    stage.watch_for_stalls()
    stage.choose_menu()
    yield 0.1
    yield stage.settled
    stage.seen["selected"], stage.seen["stall_read"] = stage.page, stage.stall
    stage.seen["memory"] = stage.memory()
