"""The edit in Krita's docker: adds Krita's events, the canvas and batches to an EditController."""

from collections.abc import Callable
from dataclasses import replace

from anycost_client.core.problem import BUG, Problem
from anycost_client.edit.batch import BatchRunner, all_faces, largest_face
from anycost_client.edit.controller import EditController
from anycost_client.edit.editor import Editor
from anycost_client.edit.host import EditSource
from anycost_client.edit.state import Page
from anycost_client.edit.undo_history import NOTHING, Values
from anycost_client.protocol.events import Event
from anycost_client.protocol.messages import Picture

from anycost_krita.base.qt import QtGui
from anycost_krita.base.slot_errors import reports_errors
from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Host, HostEvent, Layer, Scope
from anycost_krita.document.qimages import ImageCache
from anycost_krita.edit.applied_layers import Applied, AppliedLayers
from anycost_krita.edit.backend_link import MakeWorker, SignalLink

_PREVIEW_SETTING = "preview_on_canvas"
_FIGURES_SETTING = "technical_figures"


class Controller(EditController[Layer]):
    """`watch` also tells "zoom" and "batch"."""

    def __init__(self, host: Host, make_worker: MakeWorker, make_report: Callable[[Editor], str]) -> None:
        self.host = host
        self.images = ImageCache()
        self.batch: BatchRunner[Layer] | None = None
        self.wants_canvas = host.setting(_PREVIEW_SETTING, "1") == "1"  # the preview on it; kept between runs of Krita
        self.wants_figures = host.setting(_FIGURES_SETTING, "0") == "1"  # what drew the preview, and how fast
        self._hidden = True  # the docker is, until it is shown
        self._applied_layers = AppliedLayers(host)
        self._quiet: object = None  # state of the sliders in which no preview is shown on the canvas
        self._applied_state: object = None  # of the sliders, when Apply was pressed
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
    def unsaved(self) -> bool:
        """Whether the sliders say something that no layer holds."""
        return self.source is not None and self._stored_values is not None and not self._is_stored

    @property
    def can_undo(self) -> bool:
        newest = self._applied_layers.newest() if self.source else None
        sliders = self.editor.sliders
        return sliders.can_undo or (newest is not None and newest.state is sliders.state)

    @property
    def can_redo(self) -> bool:
        undone = self._applied_layers.undone_after(self._applied_layers.newest()) if self.source else None
        sliders = self.editor.sliders
        return sliders.can_redo or (undone is not None and undone.state is sliders.state)

    @property
    def canvas_scale(self) -> float:
        """Pixels of the canvas that a pixel of the layer takes; 0: no preview is shown there."""
        return self.host.canvas_scale() if self._shows_canvas else 0.0

    @property
    def _shows_canvas(self) -> bool:
        return self.wants_canvas and not self._hidden and self.editor.compare != 0

    # --------------------------------------------------------------- what the user does

    def come_back(self) -> None:
        """Edit Face… was chosen again: begins with the active layer, unless sliders would be lost by that."""
        if not self.unsaved:
            self.edit_active()
        elif self.page is Page.FAILED:
            self.retry()
        else:
            self.layer = self.host.active()
            self._tell("layer")

    def edit_active(self) -> None:
        if not self._batch_runs():
            super().edit_active()

    def apply(self, as_new: bool = False) -> None:
        if not (self.applying or self._batch_runs()):
            super().apply(as_new)

    def undo(self) -> None:
        """One step back: of the document, where Apply was the last that was done here; else of the sliders."""
        if not self.applying and self._applied_layers.undo(self.editor.sliders.state):
            self._follow_document()
        else:
            self.editor.sliders.undo()

    def redo(self) -> None:
        if not self.applying and self._applied_layers.redo(self.editor.sliders.state):
            self._follow_document()
        else:
            self.editor.sliders.redo()

    def show_on_canvas(self, shown: bool) -> None:
        self.wants_canvas, self._quiet = shown, None
        self.host.keep_setting(_PREVIEW_SETTING, "1" if shown else "0")
        self.show_in_image(self._shows_canvas)

    def show_figures(self, shown: bool) -> None:
        self.wants_figures = shown
        self.host.keep_setting(_FIGURES_SETTING, "1" if shown else "0")

    def turn_before(self) -> None:
        """Shows what was before the edit, in the docker and on the canvas; the next time, the edit again."""
        self.editor.show(None if self.editor.compare == 0 else 0.0)

    def choose_next_face(self) -> None:
        """The one after the first that is chosen."""
        faces, selected = [face.id for face in self.editor.faces], self.editor.sliders.selected
        if faces:
            at = faces.index(selected[0]) if selected and selected[0] in faces else -1
            self.editor.sliders.select((faces[(at + 1) % len(faces)],))

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

    @reports_errors
    def _edit_changed(self, what: str) -> None:
        if what == "compare" and self._shows_canvas is not self._in_image:
            self.show_in_image(self._shows_canvas)
        super()._edit_changed(what)

    def _render_final(self, as_new: bool) -> None:
        self._applied_state = self.editor.sliders.state
        super()._render_final(as_new)

    def _batch_runs(self) -> bool:
        """Whether a batch runs, which then owns the host."""
        if self.batch and self.batch.running:
            self.say(tr("A batch is running: wait for its end, or cancel it."), warns=True)
            return True
        return False

    @reports_errors
    def _read(self, number: int, source: EditSource[Layer] | Problem) -> None:
        if isinstance(source, Problem) and source.reason == "gone" and isinstance(self.host.active(), Problem):
            source = replace(source, reason="cancelled")  # the last document was closed meanwhile: that says it all
            self.layer = self.host.active()
        super()._read(number, source)

    def _remember(self) -> None:
        super()._remember()
        edit = self.source.replaces if self.source else None
        self._applied_layers.begin(Applied(edit, self.editor.sliders.values) if edit else None)

    def _leave_source(self) -> None:
        self._applied_layers.begin(None)
        super()._leave_source()

    @reports_errors
    def _applied(self, target: EditSource[Layer], values: Values, layer: Layer | Problem) -> None:
        if isinstance(layer, Layer) and self.source is not None:
            self._applied_layers.add(Applied(layer, values, self._applied_state, target.replaces))
            self.host.later(0, lambda: self.host.apply_undo.made(layer.id))
        super()._applied(target, values, layer)

    def _follow_document(self) -> None:
        """The layer with this edit may have been undone, deleted or brought back: what Apply says follows."""
        source = self.source
        if source is None or self.applying or self._stored_values is None:
            return
        newest, before = self._applied_layers.newest(), source.replaces
        layer = newest.layer if newest else None
        if (layer and layer.id) == (before and before.id):
            return
        self.source = replace(source, replaces=layer)
        self._stored_values = newest.values if newest else NOTHING
        gone = tr("“{name}” is not there any more. Apply adds it anew.", name=before.name) if before else ""
        self.say("" if layer else gone)
        self._quiet = self.editor.sliders.state
        self._update_preview()
        self._tell("layer")

    def _update_preview(self) -> None:
        """Not after an undo, until something moves: a preview is a step, after which Krita could not redo."""
        if self._quiet is self.editor.sliders.state:
            self.host.remove_preview()
        else:
            super()._update_preview()

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
            self._end_edit_of(self.source.layer if self.source else None)
        before, self.layer = self.layer, self.host.active()
        self._follow_document()
        if self.source and isinstance(self.layer, Layer) and self.layer.id == self.source.layer.id:
            self.source = replace(self.source, layer=self.layer)  # it may have another name now
        if self.page is Page.NO_FACE and self.other_layer:
            self._leave_source()  # nothing is lost, and "Look again" is about the layer that is active
        is_bug = self.failure is not None and self.failure.reason == BUG
        if what == "active" and self.layer != before and self.source is None and not is_bug:
            self.failure = None  # it was about the layer before
        fresh = self.other_layer if self.source else self.layer if self.page is Page.START else None
        if isinstance(fresh, Layer) and fresh.edited and fresh != before and not self._busy():
            self.edit_active()  # its sliders come back
        self._tell("layer")

    def _end_edit_of(self, layer: Layer | None) -> None:
        """What was read is no more as it was. A document that a person has closed is nothing to complain of."""
        closed = layer is not None and not self.host.document_of(layer)
        there = layer is not None and self.host.exists(layer)
        self._leave_source()
        if there:
            cause, remedy = tr("the picture has another size now"), tr("look for the faces again")
        else:
            cause, remedy = tr("the layer that was edited is gone"), tr("choose another layer and edit that one")
        if not closed:
            self.failure = Problem(cause, remedy, "gone")

    def _busy(self) -> bool:
        """Whether another layer must not take the docker by itself."""
        unsaved = self.source is not None and not self._is_stored
        return self._hidden or unsaved or self._busy_with_host()

    def _busy_with_host(self) -> bool:
        return self.applying or bool(self._reading) or bool(self.batch and self.batch.running)
