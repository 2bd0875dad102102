"""Tells which step runs, on what, and for how long: one rewritten line in a terminal, plain lines elsewhere."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

REDRAW = 0.5  # seconds

Note = Callable[[str], None]


class Progress:
    """`seconds` keeps what each finished step cost, in order."""

    def __init__(self, out: TextIO, *, verbose: bool = False) -> None:
        self.out = out
        self.verbose = verbose
        self.seconds: dict[str, float] = {}
        self._rewrites = out.isatty() and not verbose
        self._drawn = 0  # characters on the rewritten line
        self._lock = threading.Lock()

    def say(self, text: str = "") -> None:
        with self._lock:
            self._rewrite("")
            print(text, file=self.out, flush=True)

    @contextmanager
    def step(self, title: str, *, speaks: bool = False) -> Iterator[Note]:
        """Yields a function that notes what the step is busy with. `speaks`: the step writes to the terminal itself.

        A step that raises has no cost: whoever catches the error says what happened.
        """
        started = time.monotonic()
        rewrites = self._rewrites and not speaks
        detail = ""

        def draw() -> None:
            busy_with = f": {detail}" if detail else ""
            with self._lock:
                self._rewrite(f"{title}{busy_with} ({time.monotonic() - started:.0f} s)")

        def note(text: str) -> None:
            nonlocal detail
            detail = text
            if not rewrites:
                self.say(f"    {text}")

        done = threading.Event()

        def redraw() -> None:
            draw()
            while not done.wait(REDRAW):
                draw()

        ticker = threading.Thread(target=redraw, daemon=True) if rewrites else None
        if ticker:
            ticker.start()
        else:
            self.say(f"{title} ...")
        try:
            yield note
            self.seconds[title] = time.monotonic() - started
        finally:
            done.set()
            if ticker:
                ticker.join()
                with self._lock:
                    self._rewrite("")
        self.say(f"{title}: {self.seconds[title]:.1f} s")

    def _rewrite(self, text: str) -> None:
        if not text and not self._drawn:
            return
        # Padding, not an escape code: old Windows consoles print those.
        text = text[: shutil.get_terminal_size().columns - 1]
        self.out.write("\r" + text.ljust(self._drawn) + ("" if text else "\r"))
        self.out.flush()
        self._drawn = len(text)
