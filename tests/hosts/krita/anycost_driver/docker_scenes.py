"""Scenes about the docker itself, played with real keys: who gets them, what undo takes back, what stays."""

import subprocess
from typing import Any

from PyQt5.QtCore import QPoint, QRectF, QTimer

from .krita_user import KritaUser


def keys(user: KritaUser) -> Any:
    """Unsaved sliders stay; undo is the sliders' while the docker has the focus, and takes back an Apply as a whole."""
    seen = user.seen
    yield user.opened
    photo = user.document.activeNode()
    user.choose_menu()
    yield user.settled
    yield from user.drag("smile", 0.6)
    yield user.best
    user.choose_menu()
    yield 0.3
    yield user.settled
    seen["kept"] = smile(user)
    seen["focus"] = user.in_docker()

    user.document.rootNode().addChildNode(user.document.createNode("new", "paintlayer"), None)
    user.document.waitForDone()
    user.activate(photo)
    yield 1.0
    yield from press(user, "ctrl+z")
    seen["undone"] = [smile(user), layers(user)]
    yield from press(user, "ctrl+shift+z")
    seen["redone"] = [smile(user), layers(user)]

    user.click(user.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in layers(user))
    yield 1.0
    seen["applied"] = [layers(user), user.panel.apply.text()]
    yield from press(user, "ctrl+z")
    seen["apply_undone"] = [smile(user), layers(user), user.panel.apply.text(), user.controller.message]
    user.picture("apply_undone")
    yield from press(user, "ctrl+shift+z")
    seen["apply_redone"] = [smile(user), layers(user), user.panel.apply.text()]

    user.type("smile", 0.3)
    yield user.best
    user.click(user.panel.apply)
    yield lambda: any("+0.3" in name for name in layers(user))
    yield 1.0
    seen["updated"] = layers(user)
    user.focus_docker()
    yield from press(user, "ctrl+z")
    seen["update_undone"] = [smile(user), layers(user), user.panel.apply.text()]
    yield from press(user, "ctrl+y")
    seen["update_redone"] = [smile(user), layers(user), user.panel.apply.text()]
    user.window.centralWidget().setFocus()
    yield 0.2
    user.krita.action("edit_undo").trigger()  # outside the docker undo is the document's, and the docker notices
    yield 1.5
    seen["noticed"] = [layers(user), user.panel.apply.text()]

    user.activate(next(node for node in user.document.topLevelNodes() if node.name() == "new"))
    yield 1.0
    yield user.settled  # an edit that undo has made the active layer is opened by itself
    user.type("smile", 0.5)
    yield user.best
    user.choose_menu()
    yield 1.0
    seen["other"] = [smile(user), user.panel.other.text.text()]
    user.picture("other_layer")


def points(user: KritaUser) -> Any:
    """A corner of the mouth is dragged in the picture; a preset to begin with is chosen by its picture."""
    seen, panel = user.seen, user.panel
    yield user.opened
    user.choose_menu()
    yield user.settled
    docker, canvas = panel.parent(), panel.canvas
    docker.setFloating(True)
    docker.resize(420, 900)
    yield 1.5
    middle = canvas.rect().center()
    move(canvas, middle.x(), middle.y())
    yield lambda: "mouth_right" in user.controller.handles.places
    yield 0.5
    panel.window().grab().save(str(user.folder / "points.png"))
    x, y = user.controller.handles.places["mouth_right"]
    spot = canvas._on_screen(QRectF(x, y, 0, 0)).topLeft()
    move(canvas, spot.x(), spot.y())
    yield 0.3
    xdotool("mousedown", "1")
    for step in range(1, 11):
        move(canvas, spot.x() + step, spot.y() - step)
        yield 0.04
    xdotool("mouseup", "1")
    yield 0.3
    yield user.best
    seen["dragged"] = smile(user)
    panel.window().grab().save(str(user.folder / "dragged.png"))
    user.controller.editor.sliders.undo()
    seen["undone"] = [smile(user), user.controller.editor.sliders.can_undo]

    QTimer.singleShot(0, panel.presets.showMenu)  # it returns when the menu goes
    yield lambda: any(user.controller.sketches._pictures)
    yield 0.5
    panel.presets.menu_.grab().save(str(user.folder / "presets.png"))
    seen["offered"] = len(panel.presets.starters.buttons)
    panel.presets.starters.buttons["Older"].click()
    yield 0.3
    yield user.best
    seen["age"] = user.controller.editor.sliders.value("age")


def xdotool(*words: str) -> None:
    subprocess.run(["xdotool", *words], timeout=10, check=True)


def move(widget: Any, x: float, y: float) -> None:
    """The mouse itself, to a place of a widget."""
    at = widget.mapToGlobal(QPoint(round(x), round(y)))
    xdotool("mousemove", str(at.x()), str(at.y()))


def looks(user: KritaUser) -> Any:
    """Pictures of the docker, narrow and wide, for the eye; what of it fits into Krita's usual width."""
    seen, panel = user.seen, user.panel
    yield user.opened
    user.choose_menu()
    yield lambda: bool(user.window.statusBar().currentMessage())
    seen["status"] = user.window.statusBar().currentMessage()
    user.picture("status")
    yield user.settled
    yield 0.5
    seen["status_after"] = user.window.statusBar().currentMessage()
    docker = panel.parent()
    seen["first"] = [panel.width(), panel.height(), visible_rows(user)]
    user.picture("first")
    user.type("smile", 0.8)
    yield user.best
    user.type("age", -0.4)
    yield user.best
    user.panel.attributes.rows["surprise"].lock.click()
    for width, name in ((258, "narrow"), (600, "wide")):
        docker.setFloating(True)
        yield 0.3
        docker.resize(width, 760)
        yield 1.5
        yield user.best
        seen[name] = panel.width()
        panel.window().grab().save(str(user.folder / f"{name}.png"))
    QTimer.singleShot(0, panel.more.history.exec_)  # it returns when the menu goes
    yield lambda: any(user.controller.sketches._pictures)
    yield 0.3
    panel.more.history.grab().save(str(user.folder / "history.png"))
    panel.more.history.grid.buttons["1  Smile +0.8"].click()
    yield 0.3
    seen["gone_back"] = [smile(user), user.controller.editor.sliders.value("age")]
    panel.attributes.rows["smile"].star.click()
    panel.attributes.search._choices["favourites"].trigger()
    yield 0.3
    panel.window().grab().save(str(user.folder / "favourites.png"))
    seen["favourites"] = visible_rows(user)
    panel.attributes.search._choices["all"].trigger()
    docker.setFloating(False)
    yield 0.5
    bound = [user.krita.action(name) for name in ("anycost_randomise", "anycost_reset", "anycost_canvas_preview")]
    seen["bound"] = [action is not None for action in bound]
    user.activate(user.document.activeNode())  # keys go to the active window
    bound[1].trigger()
    yield 0.3
    seen["reset"] = smile(user)
    bound[0].trigger()
    yield 0.3
    seen["changed"] = len(user.controller.editor.sliders.preset("").strengths)


def visible_rows(user: KritaUser) -> int:
    """Sliders that are seen without scrolling."""
    view = user.panel.attributes.area.viewport()
    seen = 0
    for row in user.panel.attributes.rows.values():
        top = row.mapTo(view, row.rect().topLeft()).y()
        seen += row.isVisible() and top >= 0 and top + row.height() <= view.height()
    return seen


def layers(user: KritaUser) -> list[str]:
    """Without the preview."""
    return [name for name in user.layers() if not name.startswith("PREVIEW")]


def smile(user: KritaUser) -> float:
    return float(user.controller.editor.sliders.value("smile"))


def press(user: KritaUser, keys: str) -> Any:
    """On the real keyboard: no window manager gives Krita's window the keys, so it is told."""
    window = str(int(user.window.winId()))
    typing = subprocess.Popen(["xdotool", "windowfocus", window, "sleep", "0.2", "key", keys])
    yield lambda: typing.poll() is not None
    yield 1.5  # the docker looks twice a second at what is there
