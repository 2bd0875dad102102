"""The docker without its widgets: one edit of one layer, between host, backend and what is on the screen."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from anycost_client.core.errors import ClientError
from anycost_client.core.redact import redact
from anycost_client.edit.editor import Editor, State
from anycost_client.edit.multi_layer import MultiLayerTask, Reading
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from anycost_client.protocol.events import Asleep, Connected, Event, Lost, Unavailable
from anycost_client.protocol.messages import OpenRegion, Picture

from anycost_krita.base.qt import QtCore, QtGui, pyqtSignal
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import attribute_labels, sentence, tr
from anycost_krita.document.host_interface import Host, HostEvent, HostProblem, Layer, Scope, Source
from anycost_krita.document.qimages import ImageCache
from anycost_krita.edit.backend_link import BackendLink, MakeWorker
from anycost_krita.edit.batch_runner import BatchRunner
from anycost_krita.edit.canvas_preview import CanvasPreview

MAX_SIDE = 2048  # pixels: longest side of previews, so that a face can fill the docker in a large picture


class Page(Enum):
    """What the docker shows."""

    NO_DOCUMENT = "no document"  # or no layer: `layer` says why
    START = "start"  # a layer is there, and nobody has asked to edit it
    READING = "reading"
    STARTING = "starting"  # the backend
    FINDING = "finding"  # faces
    NO_FACE = "no face"
    EDITING = "editing"
    FAILED = "failed"  # `failure` says why


class Controller(QtCore.QObject):
    """`changed` tells what changed: as Editor.watch says it, "page", "layer", "zoom", "message", "batch" or
    "multi layer"."""

    changed = pyqtSignal(str)

    def __init__(
        self,
        host: Host,
        make_worker: MakeWorker,
        make_report: Callable[[Editor], str],
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.host = host
        self.link = BackendLink(make_worker, self._handle, self)
        self.editor = Editor(self.link.send)
        self.source: Source | None = None
        self.layer: Layer | HostProblem = host.active()
        self.failure: HostProblem | None = None  # what makes the page FAILED, or the latest trouble beside an edit
        self.message = ""  # what just went well, or did not; for people
        self.message_is_warning = False
        reading = Reading(self._look_at, host.stop_looking, lambda layer: layer.name)
        self.multi_layer: MultiLayerTask[Layer] = MultiLayerTask(
            self.editor, self.link.send, reading, tr, lambda: self.changed.emit("multi layer")
        )
        self.images = ImageCache()
        self.applying = False  # until the new layer is there
        self.batch: BatchRunner | None = None
        self.canvas = CanvasPreview(host)
        self._make_report = make_report
        self._reading = 0  # number of the newest reading that is under way; 0: none
        self._readings = 0
        self._retrying = self._closed = self._failing = False
        self._unchanged: object = None  # the strengths that the layer holds
        self._as_new = False
        self._earlier: EditResult | None = None  # of the Apply before this one
        self._trace = ""  # of a fault of ours
        self._ends = (self.editor.watch(self._edit_changed), host.watch(self._host_changed))

    # ------------------------------------------------------------------ what to show

    @property
    def page(self) -> Page:
        editor = self.editor
        if self._trace or (self.failure and self.source is None and not self._reading):
            return Page.FAILED
        if self._reading:
            return Page.READING
        if self.source is None:
            return Page.NO_DOCUMENT if isinstance(self.layer, HostProblem) else Page.START
        if editor.state is State.FAILED:
            return Page.STARTING if self._retrying else Page.FAILED
        if editor.faces and editor.state is not State.NO_FACE:
            return Page.EDITING  # also while the backend is started again
        match editor.state:
            case State.NO_FACE:
                return Page.NO_FACE
            case State.OPENING:
                return Page.FINDING
            case _:
                return Page.STARTING

    @property
    def other_layer(self) -> Layer | None:
        """The active layer, when it is another one than the one that is edited."""
        source, layer = self.source, self.layer
        if source is None or isinstance(layer, HostProblem) or layer.id in (source.layer.id, source.replaces):
            return None
        return layer

    def edit_title(self) -> str:
        """Of the first chosen face."""
        return attribute_labels.title(self.editor.sliders.preset("").strengths)

    def report(self) -> str:
        """To copy: nothing of the picture or the person."""
        failure = self.failure
        said = f"{failure.reason}: {failure.cause}" if failure else "none"
        return f"{self._make_report(self.editor)}docker: {self.page.value}, {redact(said)}\n{redact(self._trace)}"

    # --------------------------------------------------------------- what the user does

    def edit_active(self) -> None:
        """Opens the active layer, with the edit stored with it, if any."""
        if self._batch_runs():
            return
        self._leave_source()
        self._trace, self.failure = "", None
        self._say("")
        self.layer = self.host.active()
        if isinstance(self.layer, HostProblem):
            self.changed.emit("page")
            return
        self._readings += 1
        number = self._reading = self._readings
        self.changed.emit("page")
        self.link.start()
        self.host.read(self.layer, lambda source: self._read(number, source))

    def retry(self) -> None:
        """What the button of a failure does."""
        self._say("")
        if self._trace and self.source is not None:
            self._trace, self.failure = "", None
            self.changed.emit("page")
        elif self._trace or self.failure or self.source is None:
            self.edit_active()
        elif self.editor.problem and self.editor.problem.reason == "unavailable":
            self._retrying = True
            self.link.retry()
            self.changed.emit("page")
        else:
            self.editor.reopen()

    def stop_edit(self) -> None:
        """Leaves the layer as it is."""
        self.host.stop()
        self._leave_source()
        self.changed.emit("page")

    def apply(self, as_new: bool = False) -> None:
        if self.applying or self.source is None or self._batch_runs():
            return
        if not self.editor.sliders.values:
            self._say(tr("All sliders are at 0: there is nothing to apply."))
            return
        self._say("")
        self.host.remove_preview()
        self._as_new, self.applying, self._earlier = as_new, True, self.editor.result
        self.editor.apply()
        self.applying = self.editor.applying
        self.changed.emit("result")

    def stop_applying(self) -> None:
        if self.editor.applying:
            self.editor.cancel_apply()
        elif self.applying:
            self.host.stop()

    def use_preset(self, preset: Preset) -> None:
        unknown = self.editor.sliders.apply_preset(preset)
        names = ", ".join(attribute_labels.label_of(name) for name in unknown)
        self._say(tr("This model has no: {names}", names=names) if names else "", warning=True)

    def show_on_canvas(self, shown: bool) -> None:
        self.canvas.want(shown)
        self._update_canvas()

    def set_hidden(self, hidden: bool) -> None:
        """The docker cannot be seen: nothing is left on the canvas."""
        self.canvas.hidden = hidden
        self._update_canvas()

    def start_batch(self, scope: Scope, all_faces: bool) -> None:
        layers = self.host.batch(scope)
        if isinstance(layers, HostProblem) or self._busy_with_host():
            return
        self.link.start()
        self.host.remove_preview()
        strengths = self.editor.sliders.preset("").strengths
        welcome = self.editor.welcome
        self.batch = BatchRunner(self.host, self.link.send, layers, strengths, all_faces, welcome, self)
        self.batch.changed.connect(self._batch_changed)
        self.batch.start()

    def cancel_batch(self) -> None:
        if self.batch:
            self.batch.cancel()

    def close(self) -> None:
        """The docker goes, or the program. Waits a moment at most: the backend ends with its last client anyway."""
        if self._closed:
            return
        self._closed = True
        for end in self._ends:  # first: Krita may have deleted the widgets that would be told
            end()
        if self.batch:
            self.batch.drop()
        self.multi_layer.drop()
        self.host.stop()
        self.host.remove_preview()
        self.editor.close()
        self.link.close()

    def fault(self, error: Exception) -> None:
        """An exception in one of our slots: what a person can cause is a message, a bug a failure with a report."""
        if isinstance(error, ClientError):
            self._say(sentence(tr(error.cause), tr(error.remedy)), warning=True)
            return
        self._trace = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-6:])
        cause = tr("An unexpected fault in the plug-in ({kind}).", kind=type(error).__name__)
        self.failure = HostProblem(cause, tr("Try again. If it comes back, report it with the copied report."))
        if not self._failing:  # showing it may fail in the same way
            self._failing = True
            self.changed.emit("page")
            self._failing = False

    # ------------------------------------------------------------------ inside

    def _batch_runs(self) -> bool:
        """It has the host to itself."""
        if self.batch and self.batch.running:
            self._say(tr("A batch is running: wait for its end, or cancel it."), warning=True)
            return True
        return False

    @reports_errors
    def _handle(self, event: Event, made: tuple[Picture, QtGui.QImage] | None) -> None:
        if self._closed:
            return
        shown = self.editor.preview
        self.images.keep(made, self.editor.before, shown.picture if shown else None)
        if isinstance(event, (Connected, Lost, Unavailable, Asleep)):
            self._retrying = False
        self.editor.handle(event)
        self.multi_layer.handle(event)
        if self.batch:
            self.batch.handle(event)
        if isinstance(event, (Connected, Lost, Unavailable)):
            self.changed.emit("page")

    @reports_errors
    def _read(self, number: int, source: Source | HostProblem) -> None:
        if number != self._reading or self._closed:
            return
        self._reading = 0
        if isinstance(source, HostProblem):
            if source.reason != "cancelled":
                self.failure = source
            self.changed.emit("page")
            return
        self.source = replace(source, region=replace(source.region, max_side=MAX_SIDE))
        self._unchanged = None
        if source.warning:
            self._say(source.warning, warning=True)
        self.editor.open(self.source.region, source.record)
        self.changed.emit("page")

    def _look_at(self, layer: Layer, then: Callable[[OpenRegion | str], None]) -> None:
        def looked(region: OpenRegion | HostProblem) -> None:
            if not self._closed:
                then(sentence(region.cause, region.remedy) if isinstance(region, HostProblem) else region)

        self.host.look_at(layer, looked)

    def _leave_source(self) -> None:
        if self._reading:
            self.host.stop()
        self._reading, self.source, self.applying = 0, None, False
        self.multi_layer.cancel()
        self.host.remove_preview()
        self.editor.close()

    @reports_errors
    def _host_changed(self, what: HostEvent) -> None:
        if what == "closing":
            self.close()
            return
        if what == "zoomed":
            if self.canvas.shown and self.source:
                self.changed.emit("zoom")
            return
        if what == "gone" and (self.source or self._reading):
            self._leave_source()
            self.failure = HostProblem(
                tr("The layer that was edited is gone."), tr("Choose another layer and edit that one."), "gone"
            )
        before, self.layer = self.layer, self.host.active()
        if what == "active" and self.layer != before and self.source is None and not self._trace:
            self.failure = None  # it was about the layer before
        fresh = self.other_layer if self.source else self.layer if self.page is Page.START else None
        if isinstance(fresh, Layer) and fresh.edited and fresh != before and not self._busy():
            self.edit_active()  # its sliders come back
        self.changed.emit("layer")

    def _busy(self) -> bool:
        """Whether another layer must not take the docker by itself."""
        unsaved = self.source is not None and self.editor.sliders.values != self._unchanged
        return self.canvas.hidden or unsaved or self._busy_with_host()

    def _busy_with_host(self) -> bool:
        return self.applying or bool(self._reading) or bool(self.batch and self.batch.running)

    @reports_errors
    def _edit_changed(self, what: str) -> None:
        if what == "faces" and self._unchanged is None and self.editor.faces:
            QtCore.QTimer.singleShot(0, self._remember)  # the stored strengths come next
        if what == "preview":
            self._update_canvas()
        elif what == "result":
            self._take_result()
        elif what == "refined" and not self.editor.refining:
            said = [refined.text for refined in self.editor.refined.values() if refined.text][-1:]
            self._say(tr("Refined: {text}.", text=said[0]) if said else "")
        self.changed.emit("page" if what in ("state", "problem") else what)

    @reports_errors
    def _remember(self) -> None:
        if self._unchanged is None:
            self._unchanged = self.editor.sliders.values if self.source and self.source.record else {}

    def _update_canvas(self) -> None:
        if not (self._closed or self.applying or self.source is None):
            held = self.editor.sliders.values == self._unchanged  # then the layer shows it
            self.canvas.show(self.source, None if held else self.editor.preview)

    def _take_result(self) -> None:
        """An Apply is drawn, or has failed."""
        result, source = self.editor.result, self.source
        if not self.applying or self.editor.applying or source is None:
            return
        if result is None or result is self._earlier:  # it failed, or was stopped
            self.applying = False
            self._update_canvas()
        elif result.edited.picture is None:
            self.applying = False
            self._say(tr("This edit changes nothing here: there is nothing to apply."))
        else:
            target = replace(source, replaces="") if self._as_new else source
            values = self.editor.sliders.values
            self.host.apply(target, attribute_labels.named(result), lambda layer: self._applied(target, values, layer))

    @reports_errors
    def _applied(self, target: Source, values: object, layer: Layer | HostProblem) -> None:
        self.applying = False
        if self._closed:
            return
        if isinstance(layer, HostProblem):
            if layer.reason != "cancelled":
                self._say(sentence(layer.cause, layer.remedy), warning=True)
        elif self.source is not None:
            updated = target.replaces == layer.id
            self.source, self._unchanged = replace(self.source, replaces=layer.id), values
            self.layer = self.host.active()
            text = tr("Updated “{name}”.", name=layer.name) if updated else tr("Added “{name}”.", name=layer.name)
            self._say(text)
        self.changed.emit("result")
        self.changed.emit("layer")

    @reports_errors
    def _batch_changed(self) -> None:
        self.changed.emit("batch")

    def _say(self, text: str, warning: bool = False) -> None:
        self.message, self.message_is_warning = text, warning
        self.changed.emit("message")
