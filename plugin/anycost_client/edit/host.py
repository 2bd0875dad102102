"""What an edit asks of the program that it runs in: layers read and written, a preview shown, the way to the backend.

Everything is called in the window's thread and returns at once. Longer work goes on in steps between events; then
`then` is called in that thread, once. No call raises: what went wrong comes as a Problem, already translated."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from anycost_client.core.problem import Problem
from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, OpenRegion, Picture, Request


class AnyLayer(Protocol):
    @property
    def id(self) -> Hashable:
        """The same as long as the layer lives."""

    @property
    def name(self) -> str:
        """For people."""


L = TypeVar("L", bound=AnyLayer)


@dataclass(frozen=True)
class EditSource(Generic[L]):
    """What is edited: pixels of a layer, or of the layer from which an earlier edit was made."""

    layer: L  # whose pixels these are
    region: OpenRegion  # its rectangle: where the pixels lie, as the host counts
    record: EditRecord | None = None  # the edit stored with `replaces`
    replaces: L | None = None  # the layer with that edit, which is updated; None: a layer is added
    warning: str = ""  # for people, such as "The layer is hidden."

    def without_pixels(self) -> "EditSource[L]":
        """They are large, and nobody needs them when the result is there."""
        return replace(self, region=replace(self.region, image=Picture.packed(1, 1, 1, bytes(1))))


class LayerHost(Protocol[L]):
    """Reads and writes layers: all that a batch needs."""

    def read(self, layer: L, then: Callable[[EditSource[L] | Problem], None]) -> None:
        """The layer's pixels within the selection's reach, or all of them without a selection. Of a layer with a stored
        edit those of its origin, with `record` and `replaces`."""

    def apply(self, source: EditSource[L], result: EditResult, then: Callable[[L | Problem], None]) -> None:
        """Adds a layer above source.layer, or updates source.replaces where that is still there. `then` gets that
        layer. The result has a picture, in the region's depth, colours and order."""

    def stop(self) -> None:
        """Drops what `read` and `apply` have under way: their `then` gets a Problem with the reason "cancelled"."""

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        """After the present event at the earliest."""


class EditHost(LayerHost[L], Protocol[L]):
    """Has a window as well, and a document that is looked at."""

    def active(self) -> L | Problem:
        """The layer that would be edited now. Quick: no pixels are read."""

    def look_at(self, layer: L, then: Callable[[OpenRegion | Problem], None]) -> None:
        """All of a layer's pixels, whatever is selected."""

    def stop_looking(self) -> None:
        """Drops what `look_at` has under way, as `stop` does."""

    def show_preview(self, source: EditSource[L], edited: Edited) -> None:
        """In the image: one temporary layer that says what it is. Replaces the preview before."""

    def remove_preview(self) -> None:
        """Nothing when there is none."""


class BackendLink(Protocol):
    """Takes requests to the backend. Its events come to EditController.handle."""

    def start(self) -> None:
        """Once: the second time nothing happens."""

    def send(self, request: Request) -> None: ...

    def retry(self) -> None:
        """After Unavailable."""
