"""Shows the running step and its seconds: one rewritten line in a terminal, plain lines elsewhere."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

REDRAW = 0.5  # seconds

Note = Callable[[str], None]


class Progress:
    """`seconds`: the duration of each finished step, in order."""

    def __init__(self, out: TextIO, *, verbose: bool = False) -> None:
        self.out = out
        self.verbose = verbose
        self.seconds: dict[str, float] = {}
        self._rewrites = out.isatty() and not verbose
        self._drawn = 0  # length of the rewritten line
        self._lock = threading.Lock()

    def say(self, text: str = "") -> None:
        with self._lock:
            self._rewrite("")
            print(text, file=self.out, flush=True)

    @contextmanager
    def step(self, title: str, *, own_output: bool = False) -> Iterator[Note]:
        """Yields a function that shows a detail of the step. `own_output`: the step writes to the terminal itself.

        A step that raises gets no entry in `seconds`.
        """
        started = time.monotonic()
        rewrites = self._rewrites and not own_output
        detail = ""

        def draw() -> None:
            suffix = f": {detail}" if detail else ""
            with self._lock:
                self._rewrite(f"{title}{suffix} ({time.monotonic() - started:.0f} s)")

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
        # Padding instead of an escape code, because old Windows consoles print those.
        text = text[: shutil.get_terminal_size().columns - 1]
        self.out.write("\r" + text.ljust(self._drawn) + ("" if text else "\r"))
        self.out.flush()
        self._drawn = len(text)
