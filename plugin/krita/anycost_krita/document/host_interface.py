"""The docker's interface to Krita, so that tests can put a fake in its place.

As EditHost: everything is called in the GUI's thread and returns within 50 ms; longer work goes on between events."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from anycost_client.core.problem import Problem
from anycost_client.edit.host import EditHost, EditSource

HostEvent = Literal[
    "active",  # another document, layer or selection may be active now (may be told too often)
    "gone",  # the document or layer of the source that was read last is gone, or the document has another size
    "zoomed",  # the canvas shows the document larger or smaller
    "closing",  # the program ends: everything must go now
]
Scope = Literal["selected", "group", "keyframes"]  # selected layers; children of the active group; of the active layer


@dataclass(frozen=True)
class Layer:
    """One layer, or one keyframe of one."""

    id: str  # unique in the program, the same as long as the layer lives
    name: str  # as people see it; with the frame's number for a keyframe
    time: int | None = None  # number of the frame, for a keyframe
    edited: bool = False  # whether an edit of ours is stored with it


Source = EditSource[Layer]  # region.rectangle: pixels of the document


class Undo(Protocol):
    """Krita's own undo, for what Apply did. `replaced`: id of the layer that went for it; "": none."""

    def made(self, id: str) -> None:
        """An Apply has made this layer, and nothing was done since."""

    def undo(self, id: str, replaced: str = "") -> bool:
        """Takes that back. False, and nothing has changed, if it was not the document's last step."""

    def redo(self, id: str, replaced: str = "") -> bool:
        """Brings it back, if it was undone last."""


class Host(EditHost[Layer], Protocol):
    program: str  # "Krita 5.2.9"
    presets_folder: Path  # of the user's own; need not exist yet

    @property
    def apply_undo(self) -> Undo: ...

    def watch(self, callback: Callable[[HostEvent], None]) -> Callable[[], None]:
        """Returns what ends that."""

    def canvas_changed(self) -> None:
        """Krita's DockWidget.canvasChanged: the window shows another document, or none."""

    def canvas_scale(self) -> float:
        """Pixels of the canvas, as the window's system counts them, that one pixel of the active document takes."""

    def batch(self, scope: Scope) -> tuple[Layer, ...] | Problem:
        """What a batch in this scope would edit, in order."""

    def layers(self) -> tuple[Layer, ...]:
        """Of the active document, from the top: whose faces can be looked at. No previews, no edits, nothing hidden."""

    def exists(self, layer: Layer) -> bool:
        """Whether it is there: not undone, not deleted, its document not closed."""

    def document_of(self, layer: Layer) -> str:
        """The document's name, for people; "" when it is closed."""
