"""What a client is told: the machine's lack is named, whatever was being read or written then."""

import errno
import os

import pytest
from anycost_backend.server.error_replies import failed_reply
from anycost_models.core.errors import AnycostError


def raised(code: int) -> Exception:
    """As the code that reads models raises it."""
    try:
        try:
            raise OSError(code, os.strerror(code))
        except OSError as error:
            raise AnycostError("the generator cannot be read", "install the package again") from error
    except AnycostError as error:
        return error


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (errno.EMFILE, "files", "too many files are open in this process"),
        (errno.ENFILE, "files", "too many files are open on this machine"),
        (errno.ENOSPC, "disk", "the disk is full"),
        (errno.ENOMEM, "memory", "there is not enough memory"),
        (errno.EACCES, "model", "the generator cannot be read"),
    ],
)
def test_what_the_machine_lacks_is_named(code: int, reason: str, cause: str) -> None:
    failed = failed_reply("id", raised(code))
    assert (failed.reason, failed.cause) == (reason, cause)
    assert failed.remedy


@pytest.mark.parametrize("remedy", ["install the package again", "run 'anycost models fetch'"])
def test_an_editors_user_is_told_what_that_user_has(remedy: str) -> None:
    assert "python3 installer repair" in failed_reply("id", AnycostError("the matte is damaged", remedy)).remedy
    assert failed_reply("id", AnycostError("no", "choose another")).remedy == "choose another"


def test_also_where_a_library_has_it_as_text_only() -> None:
    assert failed_reply("id", RuntimeError("cannot map: Too many open files (os error 24)")).reason == "files"
