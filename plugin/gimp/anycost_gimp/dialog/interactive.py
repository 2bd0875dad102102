"""Runs the dialog on an image until the user is done, then writes the result."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from anycost_client.backend.bug_report import report
from anycost_client.core.errors import ClientError
from anycost_client.core.paths import data_dir
from anycost_client.edit.controller import EditController
from anycost_client.edit.pending_apply import EditResult
from anycost_client.edit.presets import Preset
from gi.repository import Gimp, GimpUi, GLib, Gtk

from anycost_gimp.dialog.dialog import DialogCallbacks, EditDialog
from anycost_gimp.dialog.dialog_host import DialogHost
from anycost_gimp.dialog.one_dialog import OneDialog
from anycost_gimp.dialog.progress import Progress
from anycost_gimp.dialog.remembered import Remembered
from anycost_gimp.dialog.window_place import put_in_place, remember
from anycost_gimp.edit.arguments import numbers, strengths, written
from anycost_gimp.edit.backend_link import QueueLink
from anycost_gimp.edit.batch import Rendered
from anycost_gimp.edit.noninteractive import render_layers, write
from anycost_gimp.image.layer import Layer, Source
from anycost_gimp.image.preview_layer import sweep
from anycost_gimp.image.read_layers import choices, face_across
from anycost_gimp.image.text import tr

_LOOK = 500  # milliseconds between two looks whether GIMP and the image are still there
_SIGNALS = (1, 2, 15)  # hang-up, Ctrl-C, terminate: the preview layer has to go first


def edit_with_dialog(link: QueueLink, image: Any, layers: list[Layer], config: Any) -> bool:
    """Whether the user agreed. `config` takes the values for the next time. Raises ClientError after the dialog."""
    GimpUi.init("anycost_gimp")
    only = OneDialog(image)
    if not only.begin():
        return False
    try:
        sweep(image)
        return Interactive(link, image, layers, config, only).run()
    finally:
        only.end()


class Interactive:
    def __init__(self, link: QueueLink, image: Any, layers: list[Layer], config: Any, only: OneDialog) -> None:
        """layers: the first is edited in the dialog; the others get the same edit afterwards."""
        self._link, self._image, self._layers, self._config, self._only = link, image, layers, config, only
        self._applied: tuple[Source, EditResult] | None = None
        self._looping = False
        self._host = DialogHost(image, layers[0], self._take)
        self.controller: EditController[Layer] = EditController(
            self._host, link, tr, lambda editor: report(editor, link.backend)
        )
        callbacks = DialogCallbacks(self._quit, lambda: choices(image))
        self.dialog: EditDialog | None = EditDialog(self.controller, callbacks, _last(config), len(layers) - 1)
        self.controller.watch(self.dialog.show)
        self._progress = Progress(self.controller, lambda: self._host.gimp_lives)

    def run(self) -> bool:
        dialog, link = self.dialog, self._link
        if dialog is None:  # it has run already
            return False
        remembered = Remembered.load(_file())
        try:
            with _errors_go_to(self.controller.report_error), _ended_by_signals(self._quit):
                link.wake = lambda: GLib.idle_add(self._drain)
                dialog.in_image.set_active(remembered.in_image)
                put_in_place(dialog.window, remembered, face_across(self._image))
                dialog.window.show()
                self.controller.edit_active()
                GLib.timeout_add(_LOOK, self._all_lives)
                self._looping = True
                Gtk.main()
        finally:
            self._looping = False
            link.wake = lambda: None
            edit = self._finished_edit()
            self._progress.end()
            self.controller.close()
            self.dialog = None
            remember(dialog.window, replace(remembered, in_image=dialog.in_image.get_active())).save(_file())
            dialog.close()
            while Gtk.events_pending():
                Gtk.main_iteration()
        if not self._host.gimp_lives:
            return False
        if not self._host.image_lives:
            Gimp.message(tr("The image was closed: its face is no longer edited."))
            return False
        if edit is None:
            return False
        self._write(*edit)
        return True

    # ------------------------------------------------------------------ inside

    def _all_lives(self) -> bool:
        """Else the dialog ends as well, and with it the backend."""
        if self._looping and not (self._host.gimp_lives and self._host.image_lives):
            self._quit()
        elif self.dialog and self._only.wanted_in_front():
            self.dialog.come_to_front()
        return self._looping

    def _drain(self) -> bool:
        if self._looping:
            for event in self._link.drain():
                self.controller.handle(event)
        return False

    def _take(self, source: Source, result: EditResult) -> None:
        self._applied = (replace(source.without_pixels(), warning=""), result)  # which the dialog has said
        self._quit()

    def _quit(self) -> None:
        if self._looping:
            self._looping = False
            Gtk.main_quit()

    def _finished_edit(self) -> tuple[dict[str, float], str] | None:
        """Its strengths and faces, for the next time and for other layers; None where the user did not agree."""
        if self._applied is None:
            return None
        sliders = self.controller.editor.sliders
        wanted = dict(sliders.preset("").strengths)
        if not wanted:  # the chosen face is unchanged, another is not
            wanted = next((dict(edit.strengths) for edit in sliders.edits() if edit.strengths), {})
        return wanted, numbers(tuple(sliders.values), self.controller.editor.faces)

    def _write(self, wanted: dict[str, float], which: str) -> None:
        """For all selected layers: one step to undo. Raises ClientError."""
        self._config.set_property("strengths", written(wanted))
        self._config.set_property("faces", which)
        rendered, others = Rendered(), self._layers[1:]
        if others and wanted:  # what was taken over from another face is not for all
            editor = self.controller.editor
            for event in self._link.drain():  # of the edit that is done
                editor.handle(event)
            rendered = render_layers(self._link, self._image, others, wanted, which, editor)
        if self._applied:
            rendered.edited.insert(0, self._applied)
        write(self._image, rendered)


def _file() -> Path:
    """What the dialog remembers."""
    return data_dir() / "gimp-dialog.json"


def _last(config: Any) -> Preset:
    """Strengths of the edit before this one."""
    try:
        return Preset(tr("Last used"), strengths(config.get_property("strengths") or ""))
    except ClientError:
        return Preset("", {})


@contextmanager
def _errors_go_to(report_error: Any) -> Iterator[None]:
    """An exception in a signal's handler comes to sys.excepthook, and would only be printed."""
    former = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            report_error(error)
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
