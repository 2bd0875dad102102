"""What scripts write: strengths and faces."""

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.protocol.messages import Face, Rectangle
from anycost_gimp.edit import arguments

FACES = tuple(Face(id, Rectangle(0, 0, 1, 1), ((0, 0), (1, 0), (1, 1), (0, 1)), 1.0) for id in (0, 5, 7))


def test_strengths_are_read_and_written():
    assert arguments.strengths(" smile=0.8, age = −0.4;yaw=1 ,") == {"smile": 0.8, "age": -0.4, "yaw": 1}
    assert arguments.strengths("") == {}
    values = {"smile": 0.8, "age": -0.35}
    assert arguments.strengths(arguments.written(values)) == values


@pytest.mark.parametrize(
    "text", ["smile", "smile=", "=1", "smile=big", "smile=nan", "smile=3", "a=1,a=1", "x" * 20_000]
)
def test_what_is_no_strength_is_refused_in_one_line(text):
    with pytest.raises(ClientError) as refused:
        arguments.strengths(text)
    assert ": " in str(refused.value)
    assert len(str(refused.value)) < 200


def test_faces_are_counted_from_the_largest():
    assert arguments.chosen("all", FACES) == arguments.chosen("", FACES) == (0, 5, 7)
    assert arguments.chosen("3, 1, 3", FACES) == (7, 0)
    assert arguments.numbers((7, 0), FACES) == "3, 1"
    assert arguments.numbers((0, 5, 7), FACES) == "all"


@pytest.mark.parametrize("text", ["0", "4", "-1", "first", "²", "1.5"])
def test_a_face_that_is_not_there_is_refused(text):
    with pytest.raises(ClientError, match="face"):
        arguments.chosen(text, FACES)
