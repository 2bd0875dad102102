"""The layers that an edit has written, also those that undo took away: what Apply updates, and what undo is about."""

from dataclasses import dataclass

from anycost_client.edit.undo_history import Values

from anycost_krita.document.host_interface import Host, Layer


@dataclass(frozen=True)
class Applied:
    layer: Layer
    values: Values  # the strengths that it holds
    state: object = None  # of the sliders at that Apply; None: an edit from before, which undo leaves alone
    replaced: Layer | None = None  # the layer that went for it


class AppliedLayers:
    """In the order of their making."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._all: list[Applied] = []

    def begin(self, first: Applied | None) -> None:
        """first: the stored edit that was opened."""
        self._all = [first] if first else []

    def add(self, applied: Applied) -> None:
        """What undo had taken away cannot come back any more; what was replaced can."""
        replaced = {one.replaced.id for one in (*self._all, applied) if one.replaced}
        kept = [one for one in self._all if one.layer.id in replaced or self._host.exists(one.layer)]
        self._all = [*kept, applied]

    def newest(self) -> Applied | None:
        """Of those that are in the document."""
        return next((one for one in reversed(self._all) if self._host.exists(one.layer)), None)

    def undone_after(self, newest: Applied | None) -> Applied | None:
        """The one that redo would bring back."""
        later = self._all[self._all.index(newest) + 1 :] if newest else self._all
        return next((one for one in later if not self._host.exists(one.layer)), None)

    def undo(self, state: object) -> bool:
        """Takes back the newest Apply if the sliders have not moved since."""
        newest = self.newest()
        if newest is None or newest.state is not state:
            return False
        self._host.remove_preview()  # of a move that the sliders have taken back: its layer would be the last step
        return self._host.apply_undo.undo(newest.layer.id, newest.replaced.id if newest.replaced else "")

    def redo(self, state: object) -> bool:
        undone = self.undone_after(self.newest())
        if undone is None or undone.state is not state:
            return False
        return self._host.apply_undo.redo(undone.layer.id, undone.replaced.id if undone.replaced else "")
