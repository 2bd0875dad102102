"""The edit in progress when its backend is lost, asleep, or not there."""

import pytest
from anycost_client.edit.editor import State
from anycost_client.protocol.events import Asleep, Lost, Unavailable
from anycost_client.protocol.messages import Attributes, Edit, FaceEdit, OpenRegion
from recording_editor import RecordingEditor


def test_a_new_backend_gets_the_region_and_the_newest_edit(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    old = ready.last(Edit)
    ready.failed(old, "lost")
    ready.editor.handle(Lost("it ended", 1))
    assert ready.editor.state is State.WAITING
    ready.editor.sliders.set("smile", 0.6)
    ready.connect()
    assert ready.count(OpenRegion) == 2
    ready.failed(old, "no_session")  # the old edit reached the new backend
    assert ready.count(OpenRegion) == 2
    ready.opened("s2")
    assert ready.editor.state is State.READY
    assert ready.editor.sliders.can_undo  # the history is kept
    assert (ready.last(Edit).session, ready.last(Edit).faces) == ("s2", (FaceEdit(0, {"smile": 0.6}),))


def test_a_forgotten_session_is_opened_again_but_not_forever(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    for _ in range(3):
        ready.failed(ready.last(Edit), "no_session")
        assert ready.editor.state is State.OPENING
        ready.opened()
    ready.failed(ready.last(Edit), "no_session")
    assert ready.editor.state is State.READY
    assert ready.editor.problem is not None


def test_no_backend_and_then_one(ready: RecordingEditor) -> None:
    ready.editor.handle(Unavailable("not installed", "install it"))
    assert ready.editor.state is State.FAILED
    ready.connect()
    assert ready.editor.state is State.OPENING
    assert ready.editor.problem is None


def test_without_a_backend_opening_says_so(region: OpenRegion) -> None:
    told = RecordingEditor()
    told.editor.handle(Unavailable("not installed", "install it"))
    told.editor.open(region)
    assert told.editor.state is State.FAILED
    assert told.editor.problem is not None
    assert told.editor.problem.reason == "unavailable"


@pytest.mark.parametrize("action", ["slider", "apply"])
def test_a_sleeping_backend_is_woken_by_the_next_action(ready: RecordingEditor, action: str) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    shown = ready.editor.preview
    ready.editor.handle(Asleep())
    assert (ready.editor.state, ready.editor.problem, ready.editor.preview) == (State.READY, None, shown)
    asked = len(ready.sent)
    if action == "slider":
        ready.editor.sliders.set("smile", 0.7)
    else:
        ready.editor.apply()
    assert isinstance(ready.sent[asked], Attributes)  # any request wakes it
    assert len(ready.sent) == asked + 1
    ready.connect()
    ready.opened("s2")
    wanted = {"preview", "final"} if action == "apply" else {"preview"}
    edits = [edit for edit in ready.sent[asked:] if isinstance(edit, Edit)]
    assert {edit.quality for edit in edits} == wanted
    assert all(edit.session == "s2" for edit in edits)


def test_opening_wakes_a_sleeping_backend(region: OpenRegion) -> None:
    told = RecordingEditor()
    told.connect()
    told.editor.handle(Asleep())
    asked = len(told.sent)
    told.editor.open(region)
    assert [type(request) for request in told.sent[asked:]] == [Attributes]
    told.connect()
    assert told.editor.state is State.OPENING
