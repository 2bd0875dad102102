"""The dialog's window among GIMP's: above the image, beside the face, and gone with the image."""

import time
from pathlib import Path

import pytest
import skimage.data
from gimp_host import SECONDS, Gimp
from PIL import Image
from screen import SIZE, Screen
from shown_gimp import shown

# The image stays GIMP's alone: one that a script holds does not go when its window is closed.
SCRIPT = """
def body():
    image = load("photo.png")
    Gimp.Display.new(image)
    image.clean_all()
    answer["ready"] = True
attempt(body)
"""


@pytest.fixture
def screen(gimp: Gimp, tmp_path: Path):
    Image.fromarray(skimage.data.astronaut()[0:300, 60:360]).save(gimp.work / "photo.png")
    with shown(gimp, SCRIPT, tmp_path) as screen:
        deadline = time.monotonic() + SECONDS
        while not gimp.answer():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(2)
        yield screen


def image_window(screen: Screen) -> str:
    return screen.xdotool("search", "--onlyvisible", "--name", "RGB color").split()[-1]


def place(screen: Screen) -> tuple[int, int, int, int]:
    """Of the dialog: x, y, width, height."""
    window = screen.xdotool("search", "--name", "^Edit Face$").split()[-1]
    told = screen.xdotool("getwindowgeometry", "--shell", window)
    values = dict(line.split("=") for line in told.splitlines())
    return int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"])


def choose_the_menu_entry(screen: Screen) -> None:
    """By GIMP's search for actions."""
    screen.xdotool("windowfocus", image_window(screen))
    screen.xdotool("mousemove", 300, 300)
    time.sleep(0.5)
    screen.xdotool("key", "slash")
    time.sleep(2)
    screen.focus("Search Actions")
    screen.xdotool("type", "--delay", 60, "Edit Face")
    time.sleep(2)
    screen.xdotool("key", "Return")  # the first that is found


def opened(screen: Screen) -> None:
    choose_the_menu_entry(screen)
    screen.until(lambda told: told.get("page") == "editing" and told["parts"].get("smile"))
    time.sleep(2)  # until its parts have their places


def test_the_window_stands_beside_the_face_stays_above_and_goes_with_the_image(screen: Screen, gimp: Gimp) -> None:
    opened(screen)
    window = screen.xdotool("search", "--name", "^Edit Face$").split()[-1]
    above = screen.property(window, "WM_TRANSIENT_FOR").split()[-1]
    assert int(above, 16) == int(image_window(screen))
    x, _, width, _ = place(screen)
    assert x > SIZE[0] / 2
    assert x + width <= SIZE[0]
    screen.picture("window-1")

    # Chosen again, the menu's entry brings it to the front, with its sliders as they are.
    screen.drag("smile", 0.5, 0.8)
    screen.until(lambda told: told["strengths"].get("smile", 0) > 0.4)
    choose_the_menu_entry(screen)
    told = screen.until(lambda told: "open already" in told["message"])
    assert told["strengths"]["smile"] > 0.4
    assert len(screen.xdotool("search", "--onlyvisible", "--name", "^Edit Face$").split()) == 1

    # One slider for the whole edit: half of it, then nothing, and a double-click brings it back.
    screen.focus("^Edit Face$")
    before = told["strengths"]["smile"]
    screen.drag("intensity", 0.8, 0.6)
    told = screen.until(lambda told: told["intensity"] < 0.7)
    assert told["strengths"]["smile"] == pytest.approx(told["intensity"] * before, abs=0.01)
    screen.picture("window-2-intensity")
    screen.click("intensity", times=2)
    screen.until(lambda told: told["intensity"] == 1 and told["strengths"]["smile"] == before)

    # Place, size and the tick are as they were left.
    screen.xdotool("windowsize", window, 900, 600)
    screen.xdotool("windowmove", window, 40, 50)
    time.sleep(1)
    left = place(screen)
    assert left[:3] == (40, 50, 900)  # it may need more height
    screen.click("in_image")
    screen.until(lambda told: not told["in image"])
    screen.click("cancel")
    screen.until(lambda told: not told)
    opened(screen)
    assert place(screen) == left
    assert not screen.dialog()["in image"]
    screen.picture("window-2-wide")

    # The image is closed: so is the dialog, with a word in GIMP's status bar.
    screen.focus("RGB color")
    screen.xdotool("key", "ctrl+w")
    time.sleep(1)
    if screen.dialog():
        screen.xdotool("key", "ctrl+d")  # discards the changes, if GIMP asks
    screen.until(lambda told: not told)
    time.sleep(1)
    screen.picture("window-3-closed")
    assert not screen.xdotool("search", "--onlyvisible", "--name", "GIMP Message|Error")
