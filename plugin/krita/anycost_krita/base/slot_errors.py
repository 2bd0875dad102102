"""Keeps our widgets and Krita apart: an exception in a slot becomes a failure that is shown, and keys stay with us."""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from anycost_krita.base.qt import QtCore

Method = TypeVar("Method", bound=Callable[..., Any])

log = logging.getLogger(__name__)


def reports_errors(method: Method) -> Method:
    """For slots and event handlers: the object itself, or its nearest parent, that has `report_error(error)` gets an
    exception.

    Signals may bring more arguments than the method takes, as Qt allows."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    most = sum(parameter.kind in kinds for parameter in inspect.signature(method).parameters.values()) - 1

    @functools.wraps(method)
    def run(self: Any, *arguments: Any) -> Any:
        try:
            return method(self, *arguments[:most])
        except Exception as error:
            _tell(self, error)

    return run  # type: ignore[return-value]


def keeps_keys(event: QtCore.QEvent, keys: Iterable[int]) -> bool:
    """For `event` of a widget that uses these keys while it has the focus: keeps Krita's shortcuts, such as the arrows
    that change the frame, from taking them. True: this was such an event, and it is dealt with."""
    if event.type() == QtCore.QEvent.Type.ShortcutOverride and event.key() in keys:
        event.accept()
        return True
    return False


def _tell(self: Any, error: Exception) -> None:
    try:
        taker = self
        while taker is not None and not hasattr(taker, "report_error"):
            taker = taker.parent()
        if taker is not None:
            taker.report_error(error)
            return
    except Exception:  # such as "wrapped C/C++ object has been deleted": the docker is gone, nobody can be told
        pass
    log.error("unexpected", exc_info=error)
