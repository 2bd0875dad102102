"""The error that is shown to the user."""


class InstallError(Exception):
    """`cause`: what is wrong; `remedy`: what the user can do. Neither ends with a full stop.

    Any other exception, apart from OSError, is a bug."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause, self.remedy = cause, remedy

    def __str__(self) -> str:
        return f"{self.cause}{'; ' if ': ' in self.cause else ': '}{self.remedy}"
