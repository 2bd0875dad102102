"""One edit of one layer: connects host, backend and window, independent of the window's toolkit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic

from anycost_client.core.cooperative import reports_errors
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import BUG, Problem, problem_of
from anycost_client.core.redact import redact
from anycost_client.core.translation import Translator, mark, sentence
from anycost_client.edit.attribute_labels import AttributeLabels
from anycost_client.edit.editor import Editor
from anycost_client.edit.favourites import Favourites, RecentPresets
from anycost_client.edit.handles import Handles
from anycost_client.edit.host import BackendLink, EditHost, EditSource, L
from anycost_client.edit.multi_layer import MultiLayerTask
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from anycost_client.edit.starter_presets import PresetSketches
from anycost_client.edit.state import Page, State
from anycost_client.edit.undo_history import NOTHING, Values
from anycost_client.protocol.events import Asleep, Connected, Event, Lost, Unavailable

MAX_SIDE = 2048  # pixels: longest side of previews, so that a face can fill the window in a large image
_FAVOURITES, _RECENT = "favourites", "recent_presets"  # settings
_SIDE_STEP = 64  # pixels: sizes in steps, so that the backend can keep what it has rendered


class EditController(Generic[L]):
    """Hand it every event of the backend. `watch` tells what changed: what Editor.watch tells ("state" and "problem" as
    "page"), "page", "layer", "message", "handles", "sketches" or "multi layer"."""

    def __init__(
        self, host: EditHost[L], link: BackendLink, tr: Translator, make_report: Callable[[Editor], str]
    ) -> None:
        self.tr = tr
        self.labels = AttributeLabels(tr)
        self.editor = Editor(link.send)
        self.multi_layer: MultiLayerTask[L] = MultiLayerTask(
            self.editor, link.send, host, tr, lambda: self._tell("multi layer")
        )
        self.handles = Handles(self.editor, link.send, lambda: self._tell("handles"))
        self.favourites = Favourites(host.setting(_FAVOURITES, ""), lambda text: host.keep_setting(_FAVOURITES, text))
        self.recent = RecentPresets(host.setting(_RECENT, ""), lambda text: host.keep_setting(_RECENT, text))
        self.sketches = PresetSketches(self.editor, link.send, lambda: self._tell("sketches"))
        self.layer: L | Problem = host.active()
        self.source: EditSource[L] | None = None
        self.failure: Problem | None = None  # of reading a layer, or a bug: makes the page FAILED
        self.message = ""  # what just happened; for people
        self.message_is_warning = False
        self.applying = False  # until the new layer is there
        self.asks_to_replace = False  # Apply waits for `answer`: the layer to update was painted on since
        self._edit_host, self._link, self._make_report = host, link, make_report
        self._watchers: list[Callable[[str], None]] = []
        self._in_image = False  # whether previews are shown in the image
        self._reading = 0  # number of the newest reading that is under way; 0: none
        self._readings = 0
        self._retrying = self._closed = self._failing = False
        self._stored_values: Values | None = None  # the strengths that the layer holds; None: not known yet
        self._as_new = False
        self._applying_values: Values = NOTHING  # the strengths that Apply draws; the sliders may move meanwhile
        self._earlier: EditResult | None = None  # of the Apply before this one
        self.editor.watch(self._edit_changed)

    def watch(self, callback: Callable[[str], None]) -> None:
        """Calls back until `close`."""
        self._watchers.append(callback)

    # ------------------------------------------------------------------ what to show

    @property
    def page(self) -> Page:
        editor, failure = self.editor, self.failure
        if failure and (failure.reason == BUG or (self.source is None and not self._reading)):
            return Page.FAILED
        if self._reading:
            return Page.READING
        if self.source is None:
            return Page.NO_DOCUMENT if isinstance(self.layer, Problem) else Page.START
        if editor.state is State.FAILED:
            return Page.STARTING if self._retrying else Page.FAILED
        if editor.faces and editor.state is not State.NO_FACE:
            return Page.EDITING  # also while the backend is started again
        return {State.NO_FACE: Page.NO_FACE, State.OPENING: Page.FINDING}.get(editor.state, Page.STARTING)

    @property
    def can_apply(self) -> bool:
        ready = self.page is Page.EDITING and self.editor.state is State.READY
        return ready and bool(self.editor.sliders.values) and not self.applying

    def edit_title(self) -> str:
        """Strengths of the first chosen face, as a title."""
        return self.labels.title(self.editor.sliders.preset("").strengths)

    def report(self) -> str:
        """A text to copy, without the image and the person."""
        failure = self.failure or self.editor.problem
        shown = f"{failure.reason}: {failure.cause}" if failure else "none"
        trace = redact(failure.trace) if failure else ""
        return f"{self._make_report(self.editor)}page: {self.page.value}, {redact(shown)}\n{trace}"

    # --------------------------------------------------------------- what the user does

    def edit_active(self) -> None:
        """Opens the active layer, with the edit stored with it, if any."""
        self._leave_source()
        self.failure = None
        self.say("")
        self.layer = self._edit_host.active()
        if not isinstance(self.layer, Problem):
            self._readings += 1
            number = self._reading = self._readings
            self._tell("page")
            self._link.start()
            self._edit_host.read(self.layer, lambda source: self._read(number, source))
        else:
            self._tell("page")

    def press_page_button(self) -> None:
        """Does what the button of the page says."""
        if self.page is Page.FAILED:
            self.retry()
        else:
            self.edit_active()

    def retry(self) -> None:
        """After a failure."""
        problem = self.editor.problem
        self.say("")
        if self.failure and self.failure.reason == BUG and self.source is not None:
            self.failure = None
            self._tell("page")
        elif self.failure or self.source is None:
            self.edit_active()
        elif problem and problem.reason == "unavailable":
            self._retrying = True
            self._link.retry()
            self._tell("page")
        else:
            self.editor.reopen()

    def stop_edit(self) -> None:
        """Leaves the layer as it is."""
        self._edit_host.stop()
        self._leave_source()
        self._tell("page")

    def apply(self, as_new: bool = False) -> None:
        """as_new: adds a layer where another edit would be updated. One that was painted on since is asked about."""
        source = self.source
        if self.applying or source is None:
            return
        if not self.editor.sliders.values:
            self.say(self.tr(mark("All sliders are at 0: there is nothing to apply.")))
            return
        self.say("")
        if as_new or source.replaces is None:
            self._render_final(as_new)
        else:
            self.applying = True
            self._edit_host.painted_on(source, lambda painted: self._compared(source, painted))
            self._tell("result")

    def answer(self, replace: bool) -> None:
        """To what `asks_to_replace` asks. replace: loses what was painted; else a layer is added."""
        if self.asks_to_replace:
            self.say("")
            self._render_final(as_new=not replace)

    def stop_applying(self) -> None:
        if self.editor.applying:
            self.editor.cancel_apply()
        elif self.applying:
            self._edit_host.stop()

    def refine(self, faithful: float) -> None:
        """The first chosen face. faithful: 0 (easy to edit) to 1 (like the photo)."""
        if self.editor.sliders.selected:
            self.editor.refine(self.editor.sliders.selected[0], faithful=faithful)

    def use_preset(self, preset: Preset) -> None:
        unknown = self.editor.sliders.apply_preset(preset)
        self.recent.use(preset)
        names = ", ".join(self.labels.label_of(name) for name in unknown)
        self.say(self.tr(mark("This model has no: {names}"), names=names) if names else "", warns=True)

    def show_in_image(self, shown: bool) -> None:
        """Shows previews in the image as well, or removes them."""
        self._in_image = shown
        self._update_preview()

    def fit_previews(self, side: float) -> None:
        """side: pixels that the longer side of the whole region takes on the screen."""
        if self.source is not None:
            image = self.source.region.image
            side = min(side, max(image.width, image.height), MAX_SIDE)
            self.editor.max_side = max(_SIDE_STEP * round(side / _SIDE_STEP), _SIDE_STEP)

    def say(self, text: str, warns: bool = False) -> None:
        self.message, self.message_is_warning, self.asks_to_replace = text, warns, False
        self._tell("message")

    def report_error(self, error: Exception) -> None:
        """What a person can cause is a message, or the page where nothing is edited; a bug is a failure."""
        problem = problem_of(error, self.tr)
        if isinstance(error, ClientError) and self.source is not None:
            self.say(problem.text(self.tr), warns=True)
            return
        self.failure = problem
        if not self._failing:  # showing it may fail in the same way
            self._failing = True
            try:
                self._tell("page")
            finally:
                self._failing = False

    def close(self) -> None:
        """Ends the edit; no callback is called any more."""
        self._closed = True
        self._watchers.clear()
        self.applying = False
        self.multi_layer.drop()
        self._edit_host.stop()
        self._edit_host.remove_preview()
        self.editor.close()

    # ------------------------------------------------------------------ inside

    @reports_errors
    def handle(self, event: Event) -> None:
        """Takes every event of the backend, in order."""
        if self._closed:
            return
        if isinstance(event, (Connected, Lost, Unavailable, Asleep)):
            self._retrying = False
        self.editor.handle(event)
        self.multi_layer.handle(event)
        self.handles.handle(event)
        self.sketches.handle(event)
        if isinstance(event, (Connected, Lost, Unavailable)):
            self._tell("page")

    def _tell(self, what: str) -> None:
        for callback in tuple(self._watchers):
            callback(what)

    @reports_errors
    def _read(self, number: int, source: EditSource[L] | Problem) -> None:
        if number != self._reading or self._closed:
            return
        self._reading = 0
        if isinstance(source, Problem):
            if source.reason != "cancelled":
                self.failure = source
        else:
            self.source = replace(source, region=replace(source.region, max_side=MAX_SIDE))
            self._stored_values = None
            if source.warning:
                self.say(source.warning, warns=True)
            self.editor.open(self.source.region, source.record)
        self._tell("page")

    def _leave_source(self) -> None:
        if self._reading:
            self._edit_host.stop()
        self._reading, self.source, self.applying, self.asks_to_replace = 0, None, False, False
        self.multi_layer.cancel()
        self._edit_host.remove_preview()
        self.editor.close()

    @reports_errors
    def _edit_changed(self, what: str) -> None:
        if self._closed:
            return
        if what == "faces" and self._stored_values is None and self.editor.faces:
            self._edit_host.later(0, self._remember)  # the stored strengths come next
        if what == "preview":
            self._update_preview()
        elif what == "result":
            self._take_result()
        elif what == "restored":
            self._say_what_is_left_out()
        elif what == "refined" and not self.editor.refining:
            reached = [refined.text for refined in self.editor.refined.values() if refined.text][-1:]
            self.say(self.tr(mark("Refined: {text}."), text=reached[0]) if reached else "")
        self._tell("page" if what in ("state", "problem") else what)

    def _say_what_is_left_out(self) -> None:
        """Of the stored edit that was opened."""
        names = ", ".join(self.labels.label_of(name) for name in self.editor.restored.unknown)
        if names:
            self.say(self.tr(mark("This model has no: {names}"), names=names), warns=True)
        elif count := self.editor.restored.lost:
            text = mark("Of the stored edit, {count} faces are not found here: what was done to them is left out.")
            self.say(self.tr(text, count=count), warns=True)

    def _remember(self) -> None:
        if self._stored_values is None:
            self._stored_values = self.editor.sliders.values if self.source and self.source.record else NOTHING

    @property
    def _is_stored(self) -> bool:
        """Whether the layer holds what the sliders say."""
        return self.editor.sliders.values == self._stored_values

    def _update_preview(self) -> None:
        source, preview = self.source, self.editor.preview
        if self._closed or self.applying or source is None:
            return
        if self._in_image and preview is not None and preview.picture is not None and not self._is_stored:
            self._edit_host.show_preview(source, preview)
        else:
            self._edit_host.remove_preview()

    @reports_errors
    def _compared(self, source: EditSource[L], painted: bool | Problem) -> None:
        if self._closed or source is not self.source:
            return
        self.applying = False
        if painted is False:
            self._render_final(as_new=False)
            return
        if painted is True:
            self.asks_to_replace = True
        elif painted.reason != "cancelled":
            self.say(sentence(painted.cause, painted.remedy), warns=True)
        self._tell("result")

    def _render_final(self, as_new: bool) -> None:
        self._edit_host.remove_preview()
        self._as_new, self.applying, self._earlier = as_new, True, self.editor.result
        self._applying_values = self.editor.sliders.values
        self.editor.apply()
        self.applying = self.editor.applying
        self._tell("result")

    def _take_result(self) -> None:
        """Writes the final image, or ends the Apply that failed."""
        result, source = self.editor.result, self.source
        if not self.applying or self.editor.applying or source is None:
            return
        if result is None or result is self._earlier:  # it failed, or was stopped
            self.applying = False
            self._update_preview()
        elif result.edited.picture is None:
            self.applying = False
            text = mark("This edit changes nothing within the selection: there is nothing to apply.")
            self.say(self.tr(text), warns=True)
        else:
            target = replace(source, replaces=None) if self._as_new else source
            values = self._applying_values
            self._edit_host.apply(target, self.labels.named(result), lambda new: self._applied(target, values, new))

    @reports_errors
    def _applied(self, target: EditSource[L], values: Values, layer: L | Problem) -> None:
        self.applying = False
        if self._closed:
            return
        if isinstance(layer, Problem):
            if layer.reason != "cancelled":
                self.say(sentence(layer.cause, layer.remedy), warns=True)
        elif self.source is not None:
            updated = target.replaces is not None and target.replaces.id == layer.id
            self.source, self._stored_values = replace(self.source, replaces=layer), values
            self.layer = self._edit_host.active()
            text = mark("Updated “{name}”.") if updated else mark("Added “{name}”.")
            self.say(self.tr(text, name=layer.name))
        self._tell("result")
        self._tell("layer")
