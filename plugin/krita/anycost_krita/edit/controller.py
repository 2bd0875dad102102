"""The edit in Krita's docker: adds Krita's events, the canvas and batches to an EditController."""

from collections.abc import Callable

from anycost_client.core.problem import BUG, Problem
from anycost_client.edit.batch import BatchRunner, all_faces, largest_face
from anycost_client.edit.controller import EditController
from anycost_client.edit.editor import Editor
from anycost_client.edit.state import Page
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import QtGui
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Host, HostEvent, Layer, Scope
from anycost_krita.document.qimages import ImageCache
from anycost_krita.edit.backend_link import MakeWorker, SignalLink

_PREVIEW_SETTING = "preview_on_canvas"


class Controller(EditController[Layer]):
    """`watch` also tells "zoom" and "batch"."""

    def __init__(self, host: Host, make_worker: MakeWorker, make_report: Callable[[Editor], str]) -> None:
        self.host = host
        self.images = ImageCache()
        self.batch: BatchRunner[Layer] | None = None
        self.wants_canvas = host.setting(_PREVIEW_SETTING, "0") == "1"  # the preview on it; kept between runs of Krita
        self._hidden = True  # the docker is, until it is shown
        self._link_to_backend = SignalLink(make_worker, self._receive)
        super().__init__(host, self._link_to_backend, tr, make_report)
        self._end_watch = host.watch(self._host_changed)

    # ------------------------------------------------------------------ what to show

    @property
    def other_layer(self) -> Layer | None:
        """The active layer, when it is another one than the one that is edited."""
        source, layer = self.source, self.layer
        if source is None or isinstance(layer, Problem):
            return None
        edited = (source.layer.id, source.replaces.id if source.replaces else "")
        return None if layer.id in edited else layer

    @property
    def canvas_scale(self) -> float:
        """Pixels of the canvas that a pixel of the layer takes; 0: no preview is shown there."""
        return self.host.canvas_scale() if self._shows_canvas else 0.0

    @property
    def _shows_canvas(self) -> bool:
        return self.wants_canvas and not self._hidden

    # --------------------------------------------------------------- what the user does

    def edit_active(self) -> None:
        if not self._batch_runs():
            super().edit_active()

    def apply(self, as_new: bool = False) -> None:
        if not (self.applying or self._batch_runs()):
            super().apply(as_new)

    def show_on_canvas(self, shown: bool) -> None:
        self.wants_canvas = shown
        self.host.keep_setting(_PREVIEW_SETTING, "1" if shown else "0")
        self.show_in_image(self._shows_canvas)

    def set_hidden(self, hidden: bool) -> None:
        """Removes the preview from the canvas while the docker is hidden."""
        self._hidden = hidden
        self.show_in_image(self._shows_canvas)

    def start_batch(self, scope: Scope, every_face: bool) -> None:
        layers = self.host.batch(scope)
        if isinstance(layers, Problem) or self._busy_with_host():
            return
        self._link.start()
        self.host.remove_preview()
        strengths = self.editor.sliders.preset("").strengths
        choose = all_faces if every_face else largest_face
        send, changed = self._link.send, lambda: self._tell("batch")
        self.batch = BatchRunner(self.host, send, tr, layers, strengths, choose, changed, self.editor)
        self.batch.start()

    def cancel_batch(self) -> None:
        if self.batch:
            self.batch.cancel()

    def close(self) -> None:
        """The docker or Krita closes. Blocks half a second at most: the backend ends with its last client anyway."""
        if self._closed:
            return
        self._end_watch()  # first: Krita may have deleted the widgets that would be told
        if self.batch:
            self.batch.drop()
        super().close()
        self._link_to_backend.close()

    # ------------------------------------------------------------------ inside

    def _batch_runs(self) -> bool:
        """Whether a batch runs, which then owns the host."""
        if self.batch and self.batch.running:
            self.say(tr("A batch is running: wait for its end, or cancel it."), warns=True)
            return True
        return False

    @reports_errors
    def _receive(self, event: Event, made: tuple[Picture, QtGui.QImage] | None) -> None:
        if self._closed:
            return
        shown = self.editor.preview
        self.images.keep(made, self.editor.before, shown.picture if shown else None)
        self.handle(event)
        if self.batch:
            self.batch.handle(event)

    @reports_errors
    def _host_changed(self, what: HostEvent) -> None:
        if what == "closing":
            self.close()
            return
        if what == "zoomed":
            if self._shows_canvas and self.source:
                self._tell("zoom")
            return
        if what == "gone" and (self.source or self._reading):
            self._leave_source()
            cause, remedy = tr("the layer that was edited is gone"), tr("choose another layer and edit that one")
            self.failure = Problem(cause, remedy, "gone")
        before, self.layer = self.layer, self.host.active()
        is_bug = self.failure is not None and self.failure.reason == BUG
        if what == "active" and self.layer != before and self.source is None and not is_bug:
            self.failure = None  # it was about the layer before
        fresh = self.other_layer if self.source else self.layer if self.page is Page.START else None
        if isinstance(fresh, Layer) and fresh.edited and fresh != before and not self._busy():
            self.edit_active()  # its sliders come back
        self._tell("layer")

    def _busy(self) -> bool:
        """Whether another layer must not take the docker by itself."""
        unsaved = self.source is not None and not self._is_stored
        return self._hidden or unsaved or self._busy_with_host()

    def _busy_with_host(self) -> bool:
        return self.applying or bool(self._reading) or bool(self.batch and self.batch.running)
