"""Progress is one rewritten line in a terminal, and plain lines in a file."""

import io

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.core.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_rewritten_line_and_a_file_sees_plain_ones():
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        with Progress(out).step("Installing packages") as note:
            note("numpy, 17 MB")
    assert "\r" in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1  # what stays: the line that says what it cost
    assert "\r" not in file.getvalue()
    assert file.getvalue().splitlines()[:2] == ["Installing packages ...", "    numpy, 17 MB"]


def test_a_step_that_fails_has_no_cost():
    out = io.StringIO()
    progress = Progress(out)
    with pytest.raises(InstallError), progress.step("Installing packages"):
        raise InstallError("no", "try again")
    assert out.getvalue() == "Installing packages ...\n"
    assert progress.seconds == {}
