"""What each state of the dialog says: what is the matter, what helps, and what the button is called."""

from dataclasses import dataclass

from anycost_gimp.edit.controller import Page, Session
from anycost_gimp.image.text import sentence, tr


@dataclass(frozen=True)
class Notice:
    """`fraction` below 0: it takes time, nobody knows how much; None: nothing is under way."""

    title: str
    text: str = ""
    button: str = ""  # what it says; "": none
    fraction: float | None = None
    warns: bool = False
    report: bool = False  # whether there is a report to copy


def notice(session: Session) -> Notice:
    """For every page but EDITING."""
    editor, progress = session.editor, session.editor.progress
    problem = editor.problem
    match session.page:
        case Page.READING:
            return Notice(tr("Reading the layer…"), fraction=-1.0)
        case Page.STARTING:
            text = tr("The first time this takes a while. It runs on this computer alone.")
            if problem:
                text = sentence(tr(problem.cause), tr(problem.remedy))
            return Notice(tr("Starting the face model…"), text, fraction=-1.0)
        case Page.FINDING:
            text = sentence(tr(progress.what), progress.text) if progress else ""
            return Notice(tr("Looking for faces…"), text, fraction=progress.fraction if progress else -1.0)
        case Page.NO_FACE:
            text = tr("Close this, select a part that shows both eyes and the mouth, or choose another layer.")
            return Notice(tr("No face found"), text, tr("Look again"), warns=True)
        case _:
            return _failed(session)


def _failed(session: Session) -> Notice:
    failure = session.failure
    cause, remedy = (tr(failure.cause), tr(failure.remedy)) if failure else ("", "")
    reason = failure.reason if failure else ""
    text = sentence(cause, remedy)
    again = tr("Try again") if session.can_retry else ""
    if reason == "layer":
        return Notice(tr("This layer cannot be edited"), text, warns=True)
    if reason == "unavailable":
        return Notice(tr("The face model does not run"), text, again, warns=True, report=True)
    title = tr("Something went wrong") if reason == "fault" else tr("This did not work")
    return Notice(title, text, again, warns=True, report=True)
