"""What takes long, in the status bar of GIMP's own window: also while the dialog is covered."""

from collections.abc import Callable
from typing import Any

from anycost_client.edit.controller import EditController
from anycost_client.edit.page_texts import under_way
from gi.repository import Gimp


class Progress:
    def __init__(self, controller: EditController[Any], lives: Callable[[], bool]) -> None:
        """lives: whether GIMP is still there."""
        self._controller, self._lives = controller, lives
        self._shown = ""
        controller.watch(self._changed)

    def end(self) -> None:
        self._show("", None)

    # ------------------------------------------------------------------ inside

    def _changed(self, what: str) -> None:
        if what in ("page", "progress", "result", "refined", "message"):
            self._show(*under_way(self._controller))

    def _show(self, text: str, fraction: float | None) -> None:
        if not self._lives() or (not text and not self._shown):
            return
        if not text:
            Gimp.progress_end()
        elif not self._shown:
            Gimp.progress_init(text)
        elif text != self._shown:
            Gimp.progress_set_text(text)
        self._shown = text
        if text and fraction is not None and fraction > 0:
            Gimp.progress_update(fraction)
        elif text:
            Gimp.progress_pulse()
