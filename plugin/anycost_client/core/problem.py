"""An error as a value: for callbacks and for the screen."""

import traceback
from dataclasses import dataclass

from anycost_client.core.errors import ClientError
from anycost_client.core.translation import Translator, mark, sentence

BUG = "bug"
_TRACE_LINES = 6


@dataclass(frozen=True)
class Problem:
    """`reason`, for programs: as in Failed; "unavailable" (there is no backend until a retry), "lost" (it is started
    again), "cancelled", BUG, or what a host says ("layer", "no_document", "gone", …)."""

    cause: str  # one line for people, without a full stop
    remedy: str  # what helps; "" for what needs no remedy, such as "cancelled"
    reason: str = "layer"
    trace: str = ""  # of a bug

    def text(self, tr: Translator) -> str:
        """One translated sentence."""
        return sentence(tr(self.cause), tr(self.remedy))


def problem_of(error: Exception, tr: Translator) -> Problem:
    """Turns an exception into a Problem. All but ClientError and MemoryError are bugs."""
    if isinstance(error, ClientError):
        return Problem(tr(error.cause), tr(error.remedy), getattr(error, "reason", "layer"))
    if isinstance(error, MemoryError):
        return Problem(tr(mark("there is not enough memory")), tr(mark("select the face alone")), "too_large")
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-_TRACE_LINES:])
    cause = tr(mark("an unexpected fault in the plug-in ({kind})"), kind=type(error).__name__)
    return Problem(cause, tr(mark("try again; if it comes back, report it with the copied report")), BUG, trace)
