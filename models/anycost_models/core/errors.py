"""The one exception whose text is meant for the person at the keyboard."""

import errno

REINSTALL = "install the package again"
FETCH = "run 'anycost models fetch'"

_EXHAUSTED = {
    errno.EMFILE: ("too many files are open in this process", "close some of what uses it, then try again"),
    errno.ENFILE: ("too many files are open on this machine", "close some programs, then try again"),
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("your share of the disk is full", "free some space"),
    errno.ENOMEM: ("there is not enough memory", "close some programs, then try again"),
}


class AnycostError(Exception):
    """Something the user caused and can fix. Everything else that is raised is a bug.

    cause, remedy: what is wrong, and what helps; one line each, without a full stop.
    Front ends print both and exit with 2 (command line) or show them (editors)."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}{'; ' if ': ' in self.cause else ': '}{self.remedy}"


class NoFaceError(AnycostError):
    """A photo without a face: `anycost` exits with 1."""


def exhausted(error: BaseException) -> AnycostError | None:
    """What this machine ran out of, where that is what `error` came from: a file that cannot be opened for want of
    descriptors is not damaged. None: of nothing."""
    cause: BaseException | None = error
    while cause is not None:
        number = getattr(cause, "errno", None) if isinstance(cause, OSError) else None
        # Rust's libraries have only the text. Where there is a number, or the error is ours, the text may name a file.
        text = "" if number is not None or isinstance(cause, AnycostError) else str(cause)
        known = next((code for code in _EXHAUSTED if number == code or f"(os error {code})" in text), None)
        if known:
            return AnycostError(*_EXHAUSTED[known])
        cause = cause.__cause__ or cause.__context__
    return None
