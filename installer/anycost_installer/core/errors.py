"""The one exception whose text is meant for the person at the keyboard."""


class InstallError(Exception):
    """cause, remedy: what is wrong, and what helps; without a full stop. Everything else that is raised is a bug."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}{'; ' if ': ' in self.cause else ': '}{self.remedy}"
