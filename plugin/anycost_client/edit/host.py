"""The interface between an edit and its host program: layers, the preview, the link to the backend.

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
        """Stays the same as long as the layer exists."""

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
        """Drops the pixels, which are large and no longer needed once there is a result."""
        return replace(self, region=replace(self.region, image=Picture.packed(1, 1, 1, bytes(1))))


class LayerHost(Protocol[L]):
    """Reads and writes layers: what a batch needs."""

    def read(self, layer: L, then: Callable[[EditSource[L] | Problem], None]) -> None:
        """The layer's pixels within the selection's reach, or all of them without a selection. Of a layer with a stored
        edit those of its origin, with `record` and `replaces`."""

    def apply(self, source: EditSource[L], result: EditResult, then: Callable[[L | Problem], None]) -> None:
        """Adds a layer above source.layer, or updates source.replaces where that is still there. `then` gets that
        layer. The result has an image, in the region's depth, colours and order."""

    def stop(self) -> None:
        """Drops what `read`, `apply` and `painted_on` have under way: `then` gets a Problem, "cancelled"."""

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Calls back after the present event."""


class EditHost(LayerHost[L], Protocol[L]):
    """A host with a window and a document on screen."""

    def active(self) -> L | Problem:
        """The layer to edit now. Reads no pixels."""

    def look_at(self, layer: L, then: Callable[[OpenRegion | Problem], None]) -> None:
        """Reads all of a layer's pixels, whatever is selected."""

    def stop_looking(self) -> None:
        """Drops what `look_at` has under way, as `stop` does."""

    def painted_on(self, source: EditSource[L], then: Callable[[bool | Problem], None]) -> None:
        """Whether source.replaces has other pixels than `apply` wrote, or nobody knows. False when it is gone."""

    def setting(self, name: str, default: str) -> str:
        """Kept between runs of the program."""

    def keep_setting(self, name: str, value: str) -> None: ...

    def show_preview(self, source: EditSource[L], edited: Edited) -> None:
        """Shows one temporary layer in the image, named as a preview; replaces the one before."""

    def remove_preview(self) -> None:
        """Nothing when there is none."""


class BackendLink(Protocol):
    """Sends requests to the backend. Its events go to EditController.handle."""

    def start(self) -> None:
        """Starts or finds the backend; further calls do nothing."""

    def send(self, request: Request) -> None: ...

    def retry(self) -> None:
        """After Unavailable."""
