"""Scenes about the docker itself, played with real keys: who gets them, what undo takes back, what stays."""

import subprocess
from typing import Any

from .krita_user import KritaUser


def keys(user: KritaUser) -> Any:
    """Unsaved sliders stay; undo is the sliders' while the docker has the focus, and takes back an Apply as a whole."""
    seen, layers = user.seen, user.layers
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
    seen["undone"] = [smile(user), layers()]
    yield from press(user, "ctrl+shift+z")
    seen["redone"] = [smile(user), layers()]

    user.click(user.panel.apply)
    yield lambda: any(name.startswith("Face:") for name in layers())
    yield 1.0
    seen["applied"] = [layers(), user.panel.apply.text()]
    yield from press(user, "ctrl+z")
    seen["apply_undone"] = [smile(user), layers(), user.panel.apply.text(), user.controller.message]
    user.picture("apply_undone")
    yield from press(user, "ctrl+shift+z")
    seen["apply_redone"] = [smile(user), layers(), user.panel.apply.text()]

    user.type("smile", 0.3)
    yield user.best
    user.click(user.panel.apply)
    yield lambda: any("+0.3" in name for name in layers())
    yield 1.0
    seen["updated"] = layers()
    user.focus_docker()
    yield from press(user, "ctrl+z")
    seen["update_undone"] = [smile(user), layers(), user.panel.apply.text()]
    yield from press(user, "ctrl+y")
    seen["update_redone"] = [smile(user), layers(), user.panel.apply.text()]
    user.window.centralWidget().setFocus()
    yield 0.2
    user.krita.action("edit_undo").trigger()  # outside the docker undo is the document's, and the docker notices
    yield 1.5
    seen["noticed"] = [layers(), user.panel.apply.text()]

    user.activate(next(node for node in user.document.topLevelNodes() if node.name() == "new"))
    yield 1.0
    yield user.settled  # an edit that undo has made the active layer is opened by itself
    user.type("smile", 0.5)
    yield user.best
    user.choose_menu()
    yield 1.0
    seen["other"] = [smile(user), user.panel.other.text.text()]
    user.picture("other_layer")


def smile(user: KritaUser) -> float:
    return float(user.controller.editor.sliders.value("smile"))


def press(user: KritaUser, keys: str) -> Any:
    """On the real keyboard: no window manager gives Krita's window the keys, so it is told."""
    window = str(int(user.window.winId()))
    typing = subprocess.Popen(["xdotool", "windowfocus", window, "sleep", "0.2", "key", keys])
    yield lambda: typing.poll() is not None
    yield 1.5  # the docker looks twice a second at what is there
