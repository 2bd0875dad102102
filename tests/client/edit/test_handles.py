"""A point of the face is dragged: the strengths that move it there, at the sliders' pace."""

import pytest
from anycost_client.edit.handles import Handles, dragged, place_of
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Lost
from recording_editor import ATTRIBUTES

MOUTH = m.Handle("mouth_left", (100.0, 200.0), {"smile": (-10.0, -8.0), "mouth_open": (0.0, 6.0)})
NOSE = m.Handle("nose", (150.0, 150.0), {"yaw": (30.0, 0.0)})
SLIDERS = (m.Attribute("smile", "", ""), m.Attribute("mouth_open", "", ""))


@pytest.mark.parametrize("by", [(-5.0, -4.0), (3.0, 2.0), (-6.0, -1.0)])
def test_the_point_comes_where_it_is_dragged(by: tuple[float, float]) -> None:
    strengths = dragged(MOUTH, by, {}, SLIDERS)
    x, y = place_of(MOUTH, strengths)
    assert (x - 100, y - 200) == pytest.approx(by, abs=0.6)


def test_it_goes_on_from_the_strengths_that_are_set() -> None:
    start = {"smile": 0.4, "age": 0.5}
    assert dragged(MOUTH, (0.0, 0.0), start, SLIDERS) == {"smile": 0.4, "mouth_open": 0.0}
    strengths = dragged(MOUTH, (-2.0, -1.6), start, SLIDERS)
    assert strengths["smile"] == pytest.approx(0.6, abs=0.02)


def test_locked_sliders_stay_and_ends_are_kept() -> None:
    assert dragged(MOUTH, (-5.0, -4.0), {}, SLIDERS, locked={"smile"}).keys() == {"mouth_open"}
    assert dragged(MOUTH, (-5.0, -4.0), {}, SLIDERS, locked={"smile", "mouth_open"}) == {}
    assert dragged(MOUTH, (-500.0, -400.0), {}, SLIDERS)["smile"] == 1
    beyond = {"smile": 1.5}  # a preset may go there: a drag does not pull it back by itself
    assert dragged(MOUTH, (-5.0, -4.0), beyond, SLIDERS)["smile"] == 1.5
    assert dragged(NOSE, (5.0, 0.0), {}, SLIDERS) == {}


def test_a_drag_is_one_step_to_undo_and_asks_for_previews(ready) -> None:
    changes: list[None] = []
    handles = Handles(ready.editor, ready.sent.append, lambda: changes.append(None))
    handles.want()
    handles.want()
    assert handles.measuring
    asked = [request for request in ready.sent if isinstance(request, m.ReadHandles)]
    assert [(one.session, one.face) for one in asked] == [("s", 0)]
    smile = m.Handle("mouth_left", (100.0, 200.0), {ATTRIBUTES[0].name: (-10.0, -8.0)})
    handles.handle(m.HandleList(id=asked[0].id, face=0, handles=(smile,)))
    assert handles.places == {"mouth_left": (100.0, 200.0)}
    assert changes
    handles.begin("mouth_left")
    for step in (1, 2, 3):
        handles.drag((-2.0 * step, -1.6 * step))
    handles.drag((-6.0, -4.8), done=True)
    strength = ready.editor.sliders.value(ATTRIBUTES[0].name)
    assert strength == pytest.approx(0.6, abs=0.03)
    assert handles.places["mouth_left"] == pytest.approx((94, 195.2), abs=0.4)
    assert isinstance(ready.sent[-1], m.Edit)
    ready.editor.sliders.undo()
    assert not ready.editor.sliders.can_undo
    assert handles.places == {"mouth_left": (100.0, 200.0)}
    handles.begin("nose")  # there is none
    handles.drag((5.0, 5.0))
    assert ready.editor.sliders.values == {}


def test_a_backend_that_knows_no_handles_shows_none_and_is_not_asked_again(ready) -> None:
    handles = Handles(ready.editor, ready.sent.append, lambda: None)
    handles.want()
    asked = ready.last(m.ReadHandles)
    handles.handle(m.Failed(id=asked.id, cause="unknown", reason="unknown_message"))
    handles.want()
    assert handles.places == {}
    assert ready.last(m.ReadHandles) is asked


def test_after_a_restart_of_the_backend_it_asks_again(ready) -> None:
    handles = Handles(ready.editor, ready.sent.append, lambda: None)
    handles.want()
    first = ready.last(m.ReadHandles)
    ready.editor.handle(Lost("it crashed", 1))
    handles.want()
    assert ready.last(m.ReadHandles) is first
    ready.connect()
    ready.opened()
    handles.want()
    assert ready.last(m.ReadHandles) is not first
