"""Replies for requests that cannot be done: a reason for programs, a cause and a remedy for people."""

import logging

from anycost_client.protocol import messages as m
from anycost_models.core.errors import FETCH, REINSTALL, AnycostError, exhausted

from anycost_backend.photo.memory import is_out_of_memory

log = logging.getLogger(__name__)

REPAIR = "run 'python3 installer repair' in the folder of the Anycost Face Editor, then restart the editor"


class RequestError(AnycostError):
    """A request that cannot be done. reason: as in `Failed`."""

    def __init__(self, reason: str, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.reason = reason


def for_editors(error: AnycostError) -> AnycostError:
    """The same with a remedy that an editor's user has: the command 'anycost' is on nobody's path there."""
    if error.remedy == REINSTALL or error.remedy.startswith(FETCH.rstrip("'")):
        return AnycostError(error.cause, REPAIR)
    return error


def failed_reply(id: str, error: Exception) -> m.Failed:
    """id: of the request. Unexpected errors are logged with their traceback."""
    if isinstance(error, RequestError):
        return m.Failed(id=id, cause=error.cause, remedy=error.remedy, reason=error.reason)
    if lack := exhausted(error):
        reason = "disk" if "disk" in lack.cause else "memory" if "memory" in lack.cause else "files"
        return m.Failed(id=id, cause=lack.cause, remedy=lack.remedy, reason=reason)
    if is_out_of_memory(error):  # a library may have called it something else, or a model damaged
        return m.Failed(id=id, cause="there is not enough memory", remedy="select a smaller part", reason="memory")
    if isinstance(error, AnycostError):  # the remaining ones are about models
        error = for_editors(error)
        return m.Failed(id=id, cause=error.cause, remedy=error.remedy, reason="model")
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return m.Failed(
        id=id, cause=f"an unexpected fault ({type(error).__name__})", remedy="try again, or report it with the log"
    )


def dropped_reply(request: m.Request, reason: str) -> m.Reply:
    """reason: as `job_queue.Stopped` has it."""
    if reason == "superseded" and isinstance(request, m.Edit):
        return m.Superseded(id=request.id, sequence=request.sequence)
    texts = {
        "cancelled": ("it was cancelled", ""),
        "ending": ("the backend is ending", "try again in a moment"),
        "closed": ("its session was closed", "open the region again"),
    }
    cause, remedy = texts.get(reason, (reason, "try again"))
    return m.Failed(id=request.id, cause=cause, remedy=remedy, reason="no_session" if reason == "closed" else reason)
