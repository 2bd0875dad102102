"""The one exception whose text is meant for the person at the keyboard."""


class AnycostError(Exception):
    """Something the user caused and can fix. Everything else that is raised is a bug.

    cause, remedy: what is wrong, and what helps; one line each, without a full stop.
    Front ends print both and exit with 2 (command line) or show them (editors)."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}{'; ' if ': ' in self.cause else ': '}{self.remedy}"
