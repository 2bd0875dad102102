"""The dialog without its window: one edit of one layer, from its pixels to the result. No Gtk, no GIMP."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from anycost_client.backend.bug_report import report
from anycost_client.core.errors import ClientError
from anycost_client.core.redact import redact
from anycost_client.edit.editor import Editor, Problem, State
from anycost_client.edit.multi_layer import MultiLayerTask, Reading
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from anycost_client.protocol.events import Asleep, Connected, Lost, Unavailable

from anycost_gimp.edit.backend_link import BackendLink
from anycost_gimp.image.layer_choice import Choice
from anycost_gimp.image.source import Source
from anycost_gimp.image.text import attribute_labels, sentence, tr

MAX_SIDE = 2048  # pixels: longest side of previews, so that a face can fill the dialog in a large picture


class Page(Enum):
    """What the dialog shows."""

    READING = "reading"  # the layer
    STARTING = "starting"  # the backend
    FINDING = "finding"  # faces
    NO_FACE = "no face"
    EDITING = "editing"
    FAILED = "failed"  # `failure` says why


class Session:
    """`changed` is told what changed: as Editor.watch says it, "page", "message" or "multi layer"; `done` gets the
    result; `reading` looks at other layers."""

    def __init__(
        self,
        link: BackendLink,
        changed: Callable[[str], None],
        done: Callable[[EditResult], None],
        reading: Reading[Choice],
    ) -> None:
        self.editor = Editor(link.send)
        self.multi_layer: MultiLayerTask[Choice] = MultiLayerTask(
            self.editor, link.send, reading, tr, lambda: changed("multi layer")
        )
        self.source: Source | None = None
        self.message = ""  # what just went well, or did not; for people
        self.warns = False  # whether `message` is about a trouble
        self._link, self._changed, self._done = link, changed, done
        self._fault: Problem | None = None  # of ours, or of the layer; the editor has its own
        self._trace = ""
        self._retrying = False
        self._earlier: EditResult | None = None
        self._applying = False
        self.connected: Connected | None = None
        self.editor.watch(self._edit_changed)

    # ------------------------------------------------------------------ what to show

    @property
    def page(self) -> Page:
        editor = self.editor
        if self._fault:
            return Page.FAILED
        if self.source is None:
            return Page.READING
        if editor.state is State.FAILED:
            return Page.STARTING if self._retrying else Page.FAILED
        if editor.state is State.NO_FACE:
            return Page.NO_FACE
        if editor.faces:
            return Page.EDITING  # also while the backend is started again
        return Page.FINDING if editor.state is State.OPENING else Page.STARTING

    @property
    def failure(self) -> Problem | None:
        return self._fault or self.editor.problem

    @property
    def applying(self) -> bool:
        return self._applying

    @property
    def can_apply(self) -> bool:
        """What has not been seen is not applied."""
        editor = self.editor
        ready = self.page is Page.EDITING and editor.state is State.READY and editor.preview is not None
        return ready and bool(editor.sliders.values) and not self._applying

    def report(self) -> str:
        """To copy: nothing of the picture or the person."""
        failure = self.failure
        said = f"{failure.reason}: {failure.cause}" if failure else "none"
        told = f"dialog: {self.page.value}, {redact(said)}\n{redact(self._trace)}"
        return report(self.editor, self._link.backend) + told

    # --------------------------------------------------------------- what the user does

    def open(self, source: Source) -> None:
        """When its pixels are there."""
        self.source = replace(source, region=replace(source.region, max_side=MAX_SIDE))
        self.editor.open(self.source.region, source.record)
        if source.warning:
            self.say(source.warning, warns=True)
        self._changed("page")

    def retry(self) -> None:
        """What the button of a failure does."""
        self.say("")
        if self._fault and self.source is not None:
            self._fault, self._trace = None, ""
        elif self.editor.problem and self.editor.problem.reason == "unavailable":
            self._retrying = True
            self._link.retry()
        else:
            self.editor.reopen()
        self._changed("page")

    @property
    def can_retry(self) -> bool:
        return self.source is not None

    def apply(self) -> None:
        if not self.can_apply:
            return
        self.say("")
        self._earlier, self._applying = self.editor.result, True
        self.editor.apply()
        self._changed("result")

    def stop(self) -> None:
        """What runs: the final picture, or a refinement."""
        if self._applying:
            self.editor.cancel_apply()
        self.editor.stop_refining()

    def use_preset(self, preset: Preset) -> None:
        unknown = self.editor.sliders.apply_preset(preset)
        names = ", ".join(attribute_labels.label_of(name) for name in unknown)
        self.say(tr("This model has no: {names}", names=names) if names else "", warns=True)

    def say(self, text: str, warns: bool = False) -> None:
        self.message, self.warns = text, warns
        self._changed("message")

    def fail(self, error: Exception) -> None:
        """What a person can cause is a message, or the state of a dialog that has nothing to edit; a bug is a failure
        with a report."""
        if isinstance(error, ClientError):
            if self.source is not None:
                self.say(sentence(tr(error.cause), tr(error.remedy)), warns=True)
                return
            self._fault = Problem(tr(error.cause), tr(error.remedy), "layer")
        else:
            self._trace = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-6:])
            cause = tr("an unexpected fault in the plug-in ({kind})", kind=type(error).__name__)
            self._fault = Problem(cause, tr("try again; if it comes back, report it with the copied report"), "fault")
        self._changed("page")

    def close(self) -> None:
        self._applying = False
        self.multi_layer.drop()
        self.editor.close()

    # ------------------------------------------------------------------ inside

    def drain(self) -> None:
        """Handles what the backend said."""
        for event in self._link.drain():
            if isinstance(event, (Connected, Lost, Unavailable, Asleep)):
                self._retrying = False
                self.connected = event if isinstance(event, Connected) else None
            self.editor.handle(event)
            self.multi_layer.handle(event)
            if isinstance(event, (Connected, Lost, Unavailable)):
                self._changed("page")

    def _edit_changed(self, what: str) -> None:
        if what == "result":
            self._take_result()
        self._changed("page" if what in ("state", "problem") else what)

    def _take_result(self) -> None:
        """The final picture is there, or has failed."""
        result = self.editor.result
        if not self._applying or self.editor.applying:
            return
        self._applying = False
        if result is None or result is self._earlier:
            return  # it failed, or was stopped: `problem` says so
        if result.edited.picture is None:
            self.say(tr("This edit changes nothing within the selection: there is nothing to apply."), warns=True)
        else:
            self._done(result)
