"""What the docker asks of the program it lives in, so that it can be driven by Krita and by a stand-in alike.

Everything here is called in the GUI's thread and returns within 50 ms. What takes longer (reading a large layer,
writing one) is done piece by piece between events, and then `then` is called in the GUI's thread, once. No call raises:
what went wrong comes as a HostProblem. Texts in it are for people and already translated (`text.tr`)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, OpenRegion

HostEvent = Literal[
    "active",  # another document, layer or selection may be active now (may be told too often)
    "gone",  # the document or layer of the Source that was read last is gone, or the layer has other pixels' size
    "zoomed",  # the canvas shows the document larger or smaller
    "closing",  # the program ends: everything must go now
]
Scope = Literal["selected", "group", "keyframes"]  # selected layers; children of the active group; of the active layer


@dataclass(frozen=True)
class HostProblem:
    """Why the host cannot do it, and what helps. "cancelled": `stop` was called."""

    cause: str
    remedy: str = ""
    reason: Literal["no_document", "no_layer", "empty", "locked", "too_large", "gone", "cancelled", "failed"] = "failed"


@dataclass(frozen=True)
class Layer:
    """One layer, or one keyframe of one."""

    id: str  # unique in the program, the same as long as the layer lives
    name: str  # as people see it; with the frame's number for a keyframe
    time: int | None = None  # number of the frame, for a keyframe
    edited: bool = False  # whether an edit of ours is stored with it


@dataclass(frozen=True)
class Source:
    """What is edited: pixels of a layer (and where in it), or of the layer from which an edited one was made."""

    layer: Layer  # whose pixels these are
    region: OpenRegion  # image, rectangle (pixels of the document), selection, colours, order; max_side is the docker's
    record: EditRecord | None = None  # the edit stored with `replaces`
    replaces: str = ""  # id of the layer that `apply` updates; "": it adds one
    warning: str = ""  # for people, such as "the layer is hidden"


class Host(Protocol):
    program: str  # "Krita 5.2.9"
    presets_folder: Path  # of the user's own; need not exist yet

    def watch(self, callback: Callable[[HostEvent], None]) -> Callable[[], None]:
        """Returns what ends that."""

    def canvas_changed(self) -> None:
        """Krita's DockWidget.canvasChanged: the window shows another document, or none."""

    def active(self) -> Layer | HostProblem:
        """The active layer. Quick: no pixels are read; it is asked after every "active"."""

    def read(self, layer: Layer | None, then: Callable[[Source | HostProblem], None]) -> None:
        """The pixels of a layer (None: the active one) within the selection's bounds, or all of it without one.

        For a layer with a stored edit: those of its origin, with `record` and `replaces`. Where the origin is gone:
        a HostProblem."""

    def apply(
        self,
        source: Source,
        result: EditResult,  # with a picture; of source.region's depth, colours and order
        then: Callable[[Layer | HostProblem], None],
    ) -> None:
        """Adds a layer above source.layer, or updates source.replaces where that is still there: one undo step. The
        record is stored with it. Returns that layer."""

    def stop(self) -> None:
        """Drops what `read` and `apply` have under way, without a trace; their `then` gets "cancelled"."""

    def show_preview(self, source: Source, edited: Edited) -> None:
        """On the canvas, in one temporary layer that says it is a preview; replaces the one before."""

    def canvas_scale(self) -> float:
        """Pixels of the canvas, as the window's system counts them, that one pixel of the active document takes."""

    def remove_preview(self) -> None:
        """Nothing when there is none. The host also does so by itself before saving, closing and `apply`."""

    def batch(self, scope: Scope) -> tuple[Layer, ...] | HostProblem:
        """What a batch in this scope would edit, in order. Each is then read and applied like a single one."""

    def layers(self) -> tuple[Layer, ...]:
        """Of the active document, from the top: whose faces can be looked at. No previews, no edits, nothing hidden."""

    def look_at(self, layer: Layer, then: Callable[[OpenRegion | HostProblem], None]) -> None:
        """All of a layer's pixels, whatever is selected. It is not edited: nobody is told when it is gone."""

    def stop_looking(self) -> None:
        """Drops what `look_at` has under way."""

    def setting(self, name: str, default: str) -> str:
        """Kept between runs of the program."""

    def keep_setting(self, name: str, value: str) -> None: ...
