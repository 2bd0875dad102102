"""The dialog at work on an image: reads the layer, runs until the user is done, writes the result, and tidies up."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.edit.multi_layer import Reading
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from anycost_client.protocol.messages import OpenRegion
from gi.repository import GimpUi, GLib, Gtk

from anycost_gimp.dialog.dialog import DialogCallbacks, EditDialog
from anycost_gimp.edit import batch
from anycost_gimp.edit.arguments import numbers, strengths, written
from anycost_gimp.edit.backend_link import BackendLink
from anycost_gimp.edit.controller import Session
from anycost_gimp.edit.cooperative import Idle
from anycost_gimp.edit.progress import show_progress
from anycost_gimp.image.layer_choice import Choice
from anycost_gimp.image.preview_layer import PreviewLayer
from anycost_gimp.image.read_layers import choices, looking_at, reading
from anycost_gimp.image.text import sentence, tr

_SIGNALS = (1, 2, 15)  # hang-up, Ctrl-C, terminate: the preview layer has to go first
_LAYER_PAUSE = 100  # milliseconds between two previews in the image: the newest is shown
_LARGE = 2_000_000  # pixels: from here on only the best preview goes into the image, the others take too long


def edit_with_dialog(link: BackendLink, image: Any, layers: list[Any], config: Any) -> bool:
    """Whether the user agreed. `config` takes the values for the next time. Raises ClientError after the dialog."""
    GimpUi.init("anycost_gimp")
    interactive = Interactive(link, image, layers, config)
    return interactive.run()


class Interactive:
    def __init__(self, link: BackendLink, image: Any, layers: list[Any], config: Any) -> None:
        self._link, self._image, self._layers, self._config = link, image, layers, config
        self._preview = PreviewLayer(image)
        self._shows_layer = False
        self._parent = os.getppid()  # GIMP
        self._layer_waits = 0  # source id: a preview is about to go into the image
        self._result: EditResult | None = None
        self._looping = False
        self._reading, self._looking = Idle(), Idle()
        looking = Reading(self._look_at, self._looking.stop, lambda choice: choice.name)
        self.session = Session(link, self._changed, self._take, looking)
        wishes = DialogCallbacks(self._show_layer, self._quit, lambda: choices(image))
        self.dialog: EditDialog | None = None
        self.dialog = EditDialog(self.session, wishes, _last(config), len(layers) - 1)

    def run(self) -> bool:
        dialog, link = self.dialog, self._link
        if dialog is None:  # it has run already
            return False
        try:
            with _told_of_faults(self.session.fail), _ended_by_signals(self._quit):
                link.wake = lambda: GLib.idle_add(self._drain)
                link.start()
                dialog.window.show()
                self._reading.start(reading(self._image, self._layers[0]), self.session.open, self.session.fail)
                GLib.timeout_add_seconds(2, self._gimp_lives)
                self._looping = True
                Gtk.main()
        finally:
            self._looping = False
            link.wake = lambda: None
            for work in (self._reading, self._looking):
                work.stop()
            if self._layer_waits:
                GLib.source_remove(self._layer_waits)
            if os.getppid() == self._parent:
                self._preview.remove()
            self.dialog = None
            dialog.close()
            while Gtk.events_pending():
                Gtk.main_iteration()
        if self._result is None:
            self.session.close()
            return False
        self._write(self._result)
        return True

    # ------------------------------------------------------------------ inside

    def _look_at(self, choice: Choice, then: Callable[[OpenRegion | str], None]) -> None:
        work = looking_at(self._image, choice.layer)
        self._looking.start(work, then, lambda error: then(sentence(tr(error.cause), tr(error.remedy))))

    def _gimp_lives(self) -> bool:
        """Else the dialog ends as well, and with it the backend: libgimp notices it only at the next call."""
        if self._looping and os.getppid() != self._parent:
            self._quit()
        return self._looping

    def _drain(self) -> bool:
        if self._looping:
            self.session.drain()
        return False

    def _changed(self, what: str) -> None:
        if self.dialog is None:
            return
        self.dialog.show(what)
        if what == "preview" and not self._layer_waits:
            self._layer_waits = GLib.timeout_add(_LAYER_PAUSE, self._update_layer)

    def _show_layer(self, shown: bool) -> None:
        self._shows_layer = shown
        if not self._layer_waits:
            self._layer_waits = GLib.timeout_add(_LAYER_PAUSE, self._update_layer)

    def _update_layer(self) -> bool:
        self._layer_waits = 0
        shown, source = self.session.editor.preview, self.session.source
        if not self._shows_layer or shown is None or source is None or not self._image.is_valid():
            self._preview.remove()
        elif not shown.more or shown.rectangle.width * shown.rectangle.height < _LARGE:
            self._preview.show(source, shown)
        return False

    def _take(self, result: EditResult) -> None:
        self._result = result
        self._quit()

    def _quit(self) -> None:
        if self._looping:
            self._looping = False
            Gtk.main_quit()

    def _write(self, result: EditResult) -> None:
        """For all selected layers: one step to undo. Raises ClientError."""
        session, source = self.session, self.session.source
        if source is None:
            return
        sliders, faces = session.editor.sliders, session.editor.faces
        wanted = dict(sliders.preset("").strengths)
        if not wanted:  # the chosen face is unchanged, another is not
            wanted = next((dict(edit.strengths) for edit in sliders.edits() if edit.strengths), {})
        which = numbers(tuple(sliders.values), faces)
        self._config.set_property("strengths", written(wanted))
        self._config.set_property("faces", which)
        session.close()
        outcomes: list[batch.Edited | batch.Refused] = [batch.Edited(source.light(), result)]
        others = self._layers[1:]
        if others and wanted:  # what was taken over from another face is not for all
            for event in self._link.drain():  # of the edit that is done
                session.editor.handle(event)
            outcomes += batch.draw(self._link, self._image, others, wanted, which, show_progress, session.connected)
        batch.write(self._image, outcomes)


def _last(config: Any) -> Preset:
    """Strengths of the edit before this one."""
    try:
        return Preset(tr("Last used"), strengths(config.get_property("strengths") or ""))
    except ClientError:
        return Preset("", {})


@contextmanager
def _told_of_faults(tell: Any) -> Iterator[None]:
    """An exception in a signal's handler comes to sys.excepthook, and would only be printed."""
    former = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            tell(error)
        else:
            former(kind, error, trace)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = former


@contextmanager
def _ended_by_signals(quit: Any) -> Iterator[None]:
    if not hasattr(GLib, "unix_signal_add"):  # Windows
        yield
        return
    sources = [GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, _once(quit)) for number in _SIGNALS]
    try:
        yield
    finally:
        for source in sources:
            GLib.source_remove(source)


def _once(act: Any) -> Any:
    def run(*_: object) -> bool:
        act()
        return True  # stays until it is removed

    return run
