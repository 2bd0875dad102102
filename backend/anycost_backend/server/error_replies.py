"""What is answered when a request cannot be done: a Failed with a reason for programs, and one line for people."""

import errno
import logging

from anycost_client.protocol.messages import Failed
from anycost_models.core.errors import AnycostError

log = logging.getLogger(__name__)


class RequestError(AnycostError):
    """A request that cannot be done, for the reason that `Failed` names."""

    def __init__(self, reason: str, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.reason = reason


def failure(id: str, error: Exception) -> Failed:
    """`id` is the request's. What nobody expected is written to the log, with where it happened."""
    if isinstance(error, RequestError):
        return Failed(id=id, cause=error.cause, remedy=error.remedy, reason=error.reason)
    if isinstance(error, AnycostError):  # what is left of them is about models
        return Failed(id=id, cause=error.cause, remedy=error.remedy, reason="model")
    if isinstance(error, MemoryError):
        return Failed(id=id, cause="there is not enough memory", remedy="select a smaller part", reason="memory")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failed(id=id, cause="the disk is full", remedy="free some space", reason="disk")
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return Failed(
        id=id, cause=f"an unexpected fault ({type(error).__name__})", remedy="try again, or report it with the log"
    )


def dropped(id: str, why: str) -> Failed:
    """`why`: as Work says it."""
    texts = {
        "cancelled": ("it was cancelled", ""),
        "ending": ("the backend is ending", "try again in a moment"),
        "closed": ("its session was closed", "open the region again"),
    }
    cause, remedy = texts.get(why, (why, "try again"))
    return Failed(id=id, cause=cause, remedy=remedy, reason="no_session" if why == "closed" else why)
