"""The texts of a window in each state of an edit: the situation, the remedy, the button."""

from dataclasses import dataclass
from typing import Any, Literal

from anycost_client.core.problem import BUG, Problem
from anycost_client.core.translation import mark, sentence
from anycost_client.edit.controller import EditController
from anycost_client.edit.state import Page, State

_REPORTED = ("internal", "bad_message", "unknown_message", "model")  # reasons that are worth a report

Glyph = Literal["smile", "waiting", "no_face", "warning", "done", "canvas"]


@dataclass(frozen=True)
class Notice:
    """Where nothing is edited. `fraction` below 0: it takes time, nobody knows how much; None: nothing is under way."""

    glyph: Glyph
    title: str
    text: str = ""
    button: str = ""  # what it says; "": none
    fraction: float | None = None
    report: bool = False  # whether there is a report to copy

    @property
    def can_cancel(self) -> bool:
        return self.glyph == "waiting"


@dataclass(frozen=True)
class Message:
    """Beside an edit."""

    glyph: Glyph
    text: str  # "": nothing is to be said
    button: str = ""
    fraction: float | None = None  # as in Notice
    other_button: str = ""


def notice(controller: EditController[Any]) -> Notice:
    """For every page but EDITING."""
    tr, editor, layer = controller.tr, controller.editor, controller.layer
    match controller.page:
        case Page.NO_DOCUMENT if isinstance(layer, Problem):
            if layer.reason != "no_document":
                return Notice("smile", tr(mark("No layer to edit")), layer.text(tr))
            text = tr(mark("Open a picture with a face in it, then edit the face here."))
            return Notice("smile", tr(mark("No picture is open")), text)
        case Page.START if not isinstance(layer, Problem):
            about = mark("The faces of “{name}” are looked for within the selection, or in all of it.")
            return Notice("smile", tr(mark("Edit a face")), tr(about, name=layer.name), tr(mark("Find faces")))
        case Page.READING:
            return Notice("waiting", tr(mark("Reading the layer…")), fraction=-1.0)
        case Page.STARTING:
            text = tr(mark("The first time this takes a while. It runs on this computer alone."))
            if editor.problem:
                text = editor.problem.text(tr)
            return Notice("waiting", tr(mark("Starting the face model…")), text, fraction=-1.0)
        case Page.FINDING:
            return _finding(controller)
        case Page.NO_FACE:
            text = mark("Select a part that shows both eyes and the mouth, or choose another layer. Then look again.")
            return Notice("no_face", tr(mark("No face found")), tr(text), tr(mark("Look again")))
    return _failed(controller)


def _finding(controller: EditController[Any]) -> Notice:
    tr, progress = controller.tr, controller.editor.progress
    downloads = progress is not None and progress.what.startswith("downloading")
    title = tr(mark("Downloading…")) if downloads else tr(mark("Looking for faces…"))
    text = sentence(tr(progress.what), progress.text) if progress and (downloads or progress.text) else ""
    return Notice("waiting", title, text, fraction=progress.fraction if progress and progress.fraction > 0 else -1.0)


def _failed(controller: EditController[Any]) -> Notice:
    tr, failure, problem = controller.tr, controller.failure, controller.editor.problem
    again = tr(mark("Try again"))
    if failure and failure.reason == BUG:
        return Notice("warning", tr(mark("Something went wrong")), failure.text(tr), again, report=True)
    if failure:
        button = "" if isinstance(controller.layer, Problem) else tr(mark("Find faces"))
        return Notice("warning", sentence(failure.cause).rstrip("."), sentence(failure.remedy), button)
    unavailable = problem is not None and problem.reason == "unavailable"
    title = tr(mark("The face model does not run")) if unavailable else tr(mark("This did not work"))
    return Notice("warning", title, problem.text(tr) if problem else "", again, report=True)


def message(controller: EditController[Any]) -> Message:
    """Beside an edit: what goes on, or what just happened."""
    tr, editor = controller.tr, controller.editor
    progress, problem = editor.progress, editor.problem
    if editor.state in (State.WAITING, State.OPENING):
        return Message("waiting", tr(mark("The face model is started again…")), fraction=-1.0)
    if progress:
        text = sentence(tr(progress.what), progress.text).rstrip(".") + ("" if progress.text else "…")
        return Message("waiting", text, fraction=progress.fraction)
    if controller.applying:
        return Message("waiting", tr(mark("Drawing the new layer in full quality…")), fraction=-1.0)
    if editor.refining:
        return Message("waiting", tr(mark("Refining…")), fraction=-1.0)
    if controller.asks_to_replace and controller.source and controller.source.replaces:
        about = tr(mark("“{name}” was painted on since."), name=controller.source.replaces.name)
        return Message("warning", about, tr(mark("Replace it")), other_button=tr(mark("Add a layer")))
    if problem:
        report = tr(mark("Copy report")) if problem.reason in _REPORTED else ""
        return Message("warning", problem.text(tr), report)
    return Message("warning" if controller.message_is_warning else "done", controller.message)


def under_way(controller: EditController[Any]) -> tuple[str, float | None]:
    """What takes long now, and how much of it is done (as in Notice); "" for nothing."""
    if controller.page is Page.EDITING:
        said = message(controller)
        return (said.text, said.fraction) if said.glyph == "waiting" else ("", None)
    shown = notice(controller)
    return (shown.title, shown.fraction) if shown.glyph == "waiting" else ("", None)
