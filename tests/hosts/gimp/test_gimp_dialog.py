"""The dialog in the real GIMP on a screen of its own: by mouse and keyboard, from a missing backend to undo."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from gimp_host import SECONDS, Gimp
from PIL import Image
from screen import Screen
from shown_gimp import shown

PHOTO = skimage.data.astronaut()[0:300, 60:360]

# One GIMP with a window: the dialog is opened three times on one image, then a step is undone.
SCRIPT = """
import time

def names(image):
    return [layer.get_name() for layer in image.get_layers()]

def seen(image):
    "A digest of what the image looks like."
    import hashlib
    shown = Gimp.Layer.new_from_visible(image, image, "seen")
    whole = Gegl.Rectangle.new(0, 0, shown.get_width(), shown.get_height())
    data = shown.get_buffer().get(whole, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(bytes(data)).hexdigest()

def body():
    image = load("photo.png")
    other = Gimp.Layer.new_from_drawable(image.get_layers()[0], image)
    other.set_name("Other")
    image.insert_layer(other, None, 1)
    other.transform_flip_simple(Gimp.OrientationType.HORIZONTAL, True, 0.0)
    image.set_selected_layers([image.get_layers()[0]])
    display = Gimp.Display.new(image)
    image.clean_all()
    for step in ("cancelled", "agreed", "again"):
        called = call(image, image.get_selected_layers(), mode=Gimp.RunMode.INTERACTIVE)
        answer[step] = {"called": called, "layers": names(image), "dirty": image.is_dirty()}
        answer[step]["seen"] = seen(image)
        answer[step]["record"] = bool(image.get_layers()[0].get_parasite("anycost-edit"))
        finish()
    repeated = load("photo.png")
    called = call(repeated, repeated.get_layers(), mode=Gimp.RunMode.WITH_LAST_VALS)
    answer["repeated"] = {"called": called, "layers": names(repeated)}
    finish()
    for step in ("undone once", "undone twice"):
        before = names(image)
        while names(image) == before:
            time.sleep(0.3)
        answer[step] = names(image)
        answer[step + ", seen"] = seen(image)
        finish()
    Gimp.quit()
attempt(body)
"""


@pytest.fixture
def screen(gimp: Gimp, tmp_path: Path) -> Iterator[Screen]:
    """There is no backend at first."""
    Image.fromarray(PHOTO).save(gimp.work / "photo.png")
    hidden = gimp.folder / "connection.json"
    (gimp.folder / "anycost/run/connection.json").rename(hidden)
    gimp.environment["ANYCOST_PYTHON"] = "/not/yet/installed/python"
    try:
        with shown(gimp, SCRIPT, tmp_path) as screen:
            yield screen
    finally:
        if hidden.exists():
            hidden.rename(gimp.folder / "anycost/run/connection.json")


def test_a_person_edits_a_face(screen: Screen, gimp: Gimp) -> None:
    def answered(step: str) -> dict:
        deadline = time.monotonic() + SECONDS
        while step not in gimp.answer():
            assert time.monotonic() < deadline, gimp.answer()
            assert "error" not in gimp.answer(), gimp.answer()["error"]
            time.sleep(0.2)
        return gimp.answer()[step]

    # There is no backend: a state that says so, with what helps. Once it is there, the button goes on.
    told = screen.until(lambda told: told.get("page") == "failed", SECONDS)
    assert told["title"] == "The face model does not run"
    assert "/not/yet/installed/python" in told["text"]
    screen.move_dialog()
    screen.picture("1-no-backend")
    (gimp.folder / "connection.json").rename(gimp.folder / "anycost/run/connection.json")
    screen.click("retry")
    told = screen.until(lambda told: told.get("page") == "editing" and "smile" in told["parts"])
    assert not told["can apply"]
    time.sleep(1)
    screen.picture("2-opened")

    # A slider is dragged: the picture follows.
    before = screen.part("picture")
    screen.drag("smile", 0.5, 0.9)
    told = screen.until(lambda told: told["strengths"].get("smile", 0) > 0.6)
    assert screen.until(lambda told: told["drawn"])["quality"]
    time.sleep(0.5)
    screen.picture("3-smiling")
    after = screen.part("picture")
    assert np.abs(after - before).mean() > 1
    screen.click("compare")
    time.sleep(0.5)
    screen.picture("4-before-after")
    split = screen.part("picture")
    middle = split.shape[1] // 2
    assert np.abs(split[:, : middle - 20] - before[:, : middle - 20]).mean() < 0.5
    assert np.abs(split[:, middle + 20 :] - after[:, middle + 20 :]).mean() < 0.5
    screen.click("compare")

    # Undo and redo in the dialog; a typed value; a lock; a double-click brings a slider back.
    screen.click("undo")
    screen.until(lambda told: told["strengths"] == {})
    screen.click("redo")
    screen.until(lambda told: told["strengths"].get("smile", 0) > 0.6)
    screen.click("squint value", times=3)
    screen.xdotool("type", "--delay", 60, "--", "-0.5")
    screen.xdotool("key", "Tab")
    screen.until(lambda told: told["strengths"].get("squint") == -0.5)
    screen.click("squint lock")
    screen.until(lambda told: told["locked"] == ["squint"])
    screen.click("smile", times=2)
    screen.until(lambda told: told["strengths"] == {"squint": -0.5})
    screen.until(lambda told: told["drawn"])

    # A star makes a favourite; the list can show those alone.
    screen.click("squint star")
    screen.until(lambda told: told["favourites"] == ["squint"])
    for key, smile in (("Down", False), ("Up", True)):
        screen.click("listed")
        time.sleep(0.5)
        screen.xdotool("key", key, "Return")
        screen.until(lambda told, smile=smile: bool(told["parts"]["smile"]) is smile)
        screen.picture(f"4-listed-{key}")

    # The corner of the mouth is dragged up and out in the picture: she smiles. One step to undo.
    x, y, _, _ = screen.place("picture")
    screen.xdotool("mousemove", x, y)
    x, y, _, _ = screen.place("point mouth_right")
    screen.picture("4-points")
    screen.xdotool("mousemove", x, y, "mousedown", 1)
    for step in range(1, 9):
        screen.xdotool("mousemove", x + step, y - step)
        time.sleep(0.05)
    screen.xdotool("mouseup", 1)
    screen.until(lambda told: told["strengths"].get("smile", 0) > 0.1 and told["drawn"])
    time.sleep(0.5)
    screen.picture("4-dragged")
    screen.click("undo")
    screen.until(lambda told: told["strengths"] == {"squint": -0.5})
    screen.until(lambda told: told["drawn"])

    # Expression is taken over from another layer, which is chosen in a window of its own; undo brings it back.
    screen.click("layers")
    time.sleep(0.5)
    screen.until(lambda told: told["steps"] > 1)  # of the history, which the same menu offers
    screen.xdotool("key", "Down", "Return")
    told = screen.until(lambda told: told["parts"].get("match"))
    time.sleep(0.5)
    screen.picture("4-match")
    screen.click("match")
    screen.until(lambda told: told["matching"])
    told = screen.until(lambda told: not told["matching"])
    assert told["matched"].startswith("Done.")
    screen.picture("4-matched")
    screen.click("match close")
    screen.until(lambda told: not told["parts"].get("match"))
    screen.focus("^Edit Face$")
    if told["strengths"] != {"squint": -0.5}:
        screen.click("undo")
    screen.until(lambda told: told["strengths"] == {"squint": -0.5})
    screen.until(lambda told: told["drawn"])

    # The preview in the image comes, and goes when the dialog is cancelled; no step to undo is left.
    time.sleep(1)
    screen.picture("5-preview-in-the-image")
    screen.click("cancel")
    cancelled = answered("cancelled")
    untouched = cancelled.pop("seen")
    assert cancelled == {"called": ["cancel", ""], "layers": ["Background", "Other"], "dirty": False, "record": False}

    # Agreed, with the preview in the image: a layer above, and no preview.
    screen.until(lambda told: told.get("page") == "editing" and "smile" in told["parts"])
    screen.move_dialog()
    screen.drag("smile", 0.5, 0.9)
    screen.until(lambda told: told["drawn"] and told["can apply"])
    screen.click("ok")
    agreed = answered("agreed")
    assert agreed["called"] == ["success", ""]
    assert len(agreed["layers"]) == 3
    assert agreed["layers"][0].startswith("Face: Smile +0.")
    assert agreed["record"]

    # Opened again on the new layer: its sliders come back; it is updated.
    told = screen.until(lambda told: told.get("page") == "editing" and told["strengths"].get("smile", 0) > 0.6)
    screen.move_dialog()
    screen.picture("6-edited-again")
    screen.drag("brows_up", 0.5, 0.8)
    screen.until(lambda told: told["drawn"] and told["can apply"])
    screen.click("ok")
    again = answered("again")
    assert len(again["layers"]) == 3
    assert "Brows up" in again["layers"][0]

    # The same once more, without a dialog.
    repeated = answered("repeated")
    assert repeated["called"] == ["success", ""]
    assert repeated["layers"][0] == again["layers"][0]

    # Each is one step to undo in GIMP.
    time.sleep(0.5)
    screen.picture("7-the-new-layer")
    screen.focus("RGB color")
    screen.xdotool("key", "ctrl+z")
    assert answered("undone once") == agreed["layers"]
    assert gimp.answer()["undone once, seen"] == agreed["seen"] != again["seen"]
    screen.xdotool("key", "ctrl+z")
    assert answered("undone twice") == ["Background", "Other"]
    assert gimp.answer()["undone twice, seen"] == untouched
