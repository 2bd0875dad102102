"""How the parts of the host adapter say what went wrong: an exception that carries what people are to read."""

from typing import Literal

from anycost_krita.document.host_interface import HostProblem

Reason = Literal["no_document", "no_layer", "empty", "locked", "too_large", "gone", "cancelled", "failed"]


class Fault(Exception):
    """Ends a piece of work; `problem` is what the docker gets."""

    def __init__(self, cause: str, remedy: str = "", reason: Reason = "failed") -> None:
        super().__init__(cause)
        self.problem = HostProblem(cause, remedy, reason)
