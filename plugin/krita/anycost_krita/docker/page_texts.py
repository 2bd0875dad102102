"""What each state of the docker says: what is the matter, what helps, and what the button is called."""

from anycost_client.edit.editor import State

from anycost_krita.base.text import sentence, tr
from anycost_krita.document.host_interface import HostProblem
from anycost_krita.edit.controller import Controller, Page
from anycost_krita.widgets.message_bar import Message
from anycost_krita.widgets.state_page import Notice

_FAULTS = ("internal", "bad_message", "unknown_message", "model")  # reasons that are worth a report


def notice(controller: Controller) -> Notice:
    """For every page but EDITING."""
    editor, layer, progress = controller.editor, controller.layer, controller.editor.progress
    match controller.page:
        case Page.NO_DOCUMENT:
            problem = layer if isinstance(layer, HostProblem) else HostProblem("")
            if problem.reason == "no_document":
                title, text = tr("No picture is open"), tr("Open a picture with a face in it, then edit the face here.")
            else:
                title, text = tr("No layer to edit"), sentence(problem.cause, problem.remedy)
            return Notice("smile", title, text)
        case Page.START:
            name = "" if isinstance(layer, HostProblem) else layer.name
            text = tr("The faces of “{name}” are looked for within the selection, or in all of it.", name=name)
            return Notice("smile", tr("Edit a face"), text, tr("Find faces"))
        case Page.READING:
            return Notice("waiting", tr("Reading the layer…"), fraction=-1, cancel=tr("Cancel"))
        case Page.STARTING:
            text = tr("The first time this takes a while. It runs on this computer alone.")
            if editor.problem:
                text = sentence(tr(editor.problem.cause), tr(editor.problem.remedy))
            return Notice("waiting", tr("Starting the face model…"), text, fraction=-1, cancel=tr("Cancel"))
        case Page.FINDING:
            downloads = progress is not None and progress.what.startswith("downloading")
            title = tr("Downloading…") if downloads else tr("Looking for faces…")
            text = sentence(tr(progress.what), progress.text) if progress and (downloads or progress.text) else ""
            fraction = progress.fraction if progress and progress.fraction > 0 else -1.0
            return Notice("waiting", title, text, fraction=fraction, cancel=tr("Cancel"))
        case Page.NO_FACE:
            text = tr("Select a part that shows both eyes and the mouth, or choose another layer. Then look again.")
            return Notice("no_face", tr("No face found"), text, tr("Look again"))
        case _:
            return _failed(controller)


def _failed(controller: Controller) -> Notice:
    failure, problem, layer = controller.failure, controller.editor.problem, controller.layer
    if failure and failure.reason in ("gone", "empty", "locked", "too_large", "no_layer"):
        button = tr("Find faces") if not isinstance(layer, HostProblem) else ""
        return Notice("warning", failure.cause.rstrip("."), sentence(failure.remedy), button)
    if failure:
        title = tr("Something went wrong")
        return Notice("warning", title, sentence(failure.cause, failure.remedy), tr("Try again"), report=True)
    cause, remedy = (tr(problem.cause), tr(problem.remedy)) if problem else ("", "")
    unavailable = problem is not None and problem.reason == "unavailable"
    title = tr("The face model does not run") if unavailable else tr("This did not work")
    return Notice("warning", title, sentence(cause, remedy), tr("Try again"), report=True)


def message(controller: Controller) -> Message:
    """Beside an edit: what goes on, or what just happened."""
    editor, progress, problem = controller.editor, controller.editor.progress, controller.editor.problem
    if editor.state in (State.WAITING, State.OPENING):
        return Message("waiting", tr("The face model is started again…"))
    if progress:
        text = sentence(tr(progress.what), progress.text).rstrip(".") + ("" if progress.text else "…")
        return Message("waiting", text, fraction=progress.fraction)
    if controller.applying:
        return Message("waiting", tr("Drawing the new layer in full quality…"))
    if editor.refining:
        return Message("waiting", tr("Refining…"))
    if problem:
        report = tr("Copy report") if problem.reason in _FAULTS else ""
        return Message("warning", sentence(tr(problem.cause), tr(problem.remedy)), report)
    return Message("warning" if controller.message_is_warning else "done", controller.message)


def other_layer(controller: Controller) -> Message:
    """Above an edit: that the active layer is another one."""
    other = controller.other_layer
    if other is None:
        return Message("canvas", "")
    text = tr("“{name}” is active, and another layer is edited here.", name=other.name)
    return Message("canvas", text, tr("Edit it"))
