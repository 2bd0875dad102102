"""`demo` prints the duration of each part of the edit."""

import pytest
from anycost_installer.commands.demo import edit_seconds, table
from anycost_installer.core.errors import InstallError


def test_the_demo_tells_what_each_part_of_the_edit_cost():
    parts = edit_seconds('{"output": "edited.png", "seconds": {"find": 0.1, "project": 31.26}}')
    assert [row.split() for row in table({"Editing the photo": 31.5}, parts)] == [
        ["Editing", "the", "photo", "31.5", "s"],
        ["find", "0.1", "s"],
        ["project", "31.3", "s"],
    ]


@pytest.mark.parametrize("answer", ["", "{}", '{"seconds": 3}', "[]", '{"seconds": {"find": "soon"}}'])
def test_an_answer_that_cannot_be_read_is_one_clear_message(answer):
    with pytest.raises(InstallError, match="could not be read"):
        edit_seconds(answer)
