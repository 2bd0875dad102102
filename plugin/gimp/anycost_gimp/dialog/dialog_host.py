"""GIMP as the dialog's host: reads layers between the window's events, shows the preview in the image."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from anycost_client.core.cooperative import CooperativeRunner, Steps
from anycost_client.core.paths import data_dir
from anycost_client.core.problem import Problem
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import Edited, OpenRegion
from gi.repository import GLib

from anycost_gimp.dialog.settings import Settings
from anycost_gimp.image.blending import needs_group
from anycost_gimp.image.layer import Layer, Source
from anycost_gimp.image.painted import painted_on
from anycost_gimp.image.preview_layer import PreviewLayer
from anycost_gimp.image.read_layers import looking_at, reading
from anycost_gimp.image.text import tr

_PREVIEW_PAUSE = 100  # milliseconds between two previews in the image: the newest is shown
_LARGE = 2_000_000  # pixels: from here on only the best preview goes into the image, the others take too long


def later(milliseconds: int, call: Callable[[], None]) -> None:
    def run() -> bool:
        call()
        return False

    if milliseconds:
        GLib.timeout_add(milliseconds, run)
    else:
        GLib.idle_add(run)


class DialogHost:
    """See EditHost. Results go to `take`: they are written when the dialog is gone."""

    def __init__(self, image: Any, layer: Layer, take: Callable[[Source, EditResult], None]) -> None:
        """layer: the one that is edited."""
        self._image, self._layer, self._take = image, layer, take
        self._reads, self._looks = CooperativeRunner(later, tr), CooperativeRunner(later, tr)
        self._preview = PreviewLayer(image)
        self._settings = Settings(data_dir() / "gimp-settings.json")
        self._newest: tuple[Source, Edited] | None = None  # preview that is about to go into the image
        self._timer = 0  # source id
        self._parent = os.getppid()  # GIMP

    @property
    def gimp_lives(self) -> bool:
        """libgimp notices GIMP's end only at the next call."""
        return os.getppid() == self._parent

    @property
    def image_lives(self) -> bool:
        """It may be closed while the dialog is open."""
        return bool(self._image.is_valid())

    def active(self) -> Layer | Problem:
        return self._layer

    def read(self, layer: Layer, then: Callable[[Source | Problem], None]) -> None:
        self._reads.start(self._reading(layer), then)

    def apply(self, source: Source, result: EditResult, then: Callable[[Layer | Problem], None]) -> None:
        self._take(source, result)

    def painted_on(self, source: Source, then: Callable[[bool | Problem], None]) -> None:
        if source.replaces is None:
            then(False)
        else:
            self._reads.start(painted_on(source.replaces.item), then)

    def stop(self) -> None:
        self._reads.stop()

    def look_at(self, layer: Layer, then: Callable[[OpenRegion | Problem], None]) -> None:
        self._looks.start(looking_at(self._image, layer), then)

    def stop_looking(self) -> None:
        self._looks.stop()

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        later(milliseconds, call)

    def setting(self, name: str, default: str) -> str:
        return self._settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        self._settings.keep(name, value)

    def show_preview(self, source: Source, edited: Edited) -> None:
        self._newest = (source, edited)
        if not self._timer:
            self._timer = GLib.timeout_add(_PREVIEW_PAUSE, self._show)

    def remove_preview(self) -> None:
        self._newest = None
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if self.gimp_lives:
            self._preview.remove()

    def _reading(self, layer: Layer) -> Steps[Source]:
        source = yield from reading(self._image, layer)
        if source.warning or source.replaces is not None or not needs_group(self._image, source.layer.item):
            return source
        said = tr("This layer is blended: the change is seen here, and in the image when it is done.")
        return replace(source, warning=said)

    def _show(self) -> bool:
        self._timer = 0
        if self._newest and self._image.is_valid():
            source, edited = self._newest
            if not edited.more or edited.rectangle.width * edited.rectangle.height < _LARGE:
                self._preview.show(source, edited)
        return False
