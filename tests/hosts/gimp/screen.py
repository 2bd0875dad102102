"""A display of its own, with a mouse and a keyboard, and pictures of what it shows."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageGrab

SIZE = (1840, 960)  # GIMP's window, and the dialog beside it


class Screen:
    def __init__(self, number: int, pictures: Path, told: Path) -> None:
        """told: what the dialog says of itself (watched.py)."""
        self.display = f":{number}"
        self._pictures, self._told = pictures, told

    def xdotool(self, *words: object) -> str:
        command = ["xdotool", *map(str, words)]
        environment = os.environ | {"DISPLAY": self.display}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60).stdout.strip()

    def property(self, window: str, name: str) -> str:
        """What the X server knows of a window."""
        command = ["xprop", "-display", self.display, "-id", window, name]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()

    def move_dialog(self) -> None:
        """Beside GIMP's window, and so large that the first two groups of sliders are seen."""
        window = self.xdotool("search", "--name", "^Edit Face$").split()[-1]
        self.xdotool("windowsize", window, 640, SIZE[1] - 20)
        self.xdotool("windowmove", window, SIZE[0] - 650, 10)
        self.focus("^Edit Face$")
        time.sleep(0.5)

    def focus(self, name: str) -> None:
        """Keys go to the window of that name: there is no window manager."""
        self.xdotool("windowfocus", self.xdotool("search", "--onlyvisible", "--name", name).split()[-1])
        time.sleep(0.3)

    def picture(self, name: str = "") -> np.ndarray:
        """[H, W, 3]; with a name it is kept as a file as well."""
        image: Image.Image = ImageGrab.grab(xdisplay=self.display)
        if name:
            self._pictures.mkdir(parents=True, exist_ok=True)
            image.save(self._pictures / f"{name}.png")
        return np.array(image.convert("RGB"))

    def dialog(self) -> dict[str, Any]:
        """What it said last; {} when there is none."""
        with contextlib.suppress(OSError, ValueError):
            told: dict[str, Any] = json.loads(self._told.read_text())
            return told
        return {}

    def until(self, done: Callable[[dict[str, Any]], object], seconds: float = 300) -> dict[str, Any]:
        """The dialog, when it is so."""
        deadline = time.monotonic() + seconds
        while True:
            told = self.dialog()
            if done(told):
                return told
            if time.monotonic() > deadline:
                self.picture("too-late")
                raise AssertionError(f"the dialog stays like this: {told}")
            time.sleep(0.1)

    def place(self, part: str) -> list[int]:
        told = self.until(lambda told: told.get("parts", {}).get(part))
        place: list[int] = told["parts"][part]
        return place

    def click(self, part: str, times: int = 1) -> None:
        x, y, _, _ = self.place(part)
        self.xdotool("mousemove", x, y)
        time.sleep(0.1)
        self.xdotool("click", "--repeat", times, "--delay", 60, 1)

    def drag(self, part: str, start: float, end: float, steps: int = 8) -> None:
        """Along a slider, from and to a share of its width."""
        x, y, width, _ = self.place(part)
        left = x - width / 2
        self.xdotool("mousemove", round(left + start * width), y, "mousedown", 1)
        for step in range(1, steps + 1):
            at = start + (end - start) * step / steps
            self.xdotool("mousemove", round(left + at * width), y)
            time.sleep(0.05)
        self.xdotool("mouseup", 1)

    def part(self, name: str) -> np.ndarray:
        """The pixels of a part."""
        x, y, width, height = self.place(name)
        return self.picture()[y - height // 2 : y + height // 2, x - width // 2 : x + width // 2].astype(int)


@contextlib.contextmanager
def display(pictures: Path, told: Path) -> Iterator[Screen]:
    """No file with a key: the chroot could not read it; other machines cannot connect."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield Screen(int(numbers.readline()), pictures, told)
    finally:
        server.terminate()
        server.wait(10)
