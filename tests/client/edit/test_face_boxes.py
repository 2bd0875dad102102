"""Which face the mouse is at, and whether a click chooses another one."""

from anycost_client.edit.face_boxes import FaceBoxes

LARGE = ((0, 0), (100, 0), (100, 100), (0, 100))
SMALL = ((60, 20), (80, 40), (60, 60), (40, 40))  # turned by 45°


def test_the_smallest_face_at_the_mouse_is_found() -> None:
    boxes = FaceBoxes()
    boxes.show({1: LARGE, 2: SMALL, 3: SMALL[::-1]}, [1])
    assert boxes.look(60, 40)
    assert boxes.near == 2
    assert boxes.takes_click
    assert boxes.tip
    assert not boxes.look(61, 41)  # the same
    assert boxes.look(42, 22)  # within the small one's bounds, and beside it
    assert boxes.near == 1
    assert not boxes.takes_click  # it is chosen already
    assert boxes.look(101, 50)
    assert (boxes.near, boxes.tip) == (None, "")


def test_a_face_that_is_shown_no_more_is_not_near() -> None:
    boxes = FaceBoxes()
    boxes.show({1: LARGE}, [])
    boxes.look(50, 50)
    boxes.show({2: SMALL}, [])
    assert boxes.near is None
