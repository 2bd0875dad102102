"""The edit in progress, without a backend: what it asks for, what it shows, what it remembers."""

from typing import Any, TypeVar

import pytest
from anycost_client.editor import Editor, State
from anycost_client.errors import ClientError
from anycost_client.messages import (
    Attribute,
    AttributeList,
    Attributes,
    Cancel,
    Close,
    Edit,
    Edited,
    Face,
    FaceEdit,
    Failed,
    Latent,
    OpenRegion,
    Picture,
    Progress,
    ReadLatent,
    Rectangle,
    Refine,
    Refined,
    RegionOpened,
    Request,
    Superseded,
    Welcome,
)
from anycost_client.presets import Preset
from anycost_client.record import Record
from anycost_client.supervisor import Asleep, Connected, Lost, Unavailable

R = TypeVar("R", bound=Request)
PLACE = Rectangle(2, 2, 8, 8)
PICTURE = Picture.packed(8, 8, 4, bytes(256))
ATTRIBUTES = tuple(Attribute(name, "Expression", "less or more") for name in ("smile", "age", "beard"))


def face(id: int, x: float) -> Face:
    return Face(id, PLACE, ((x, 0.0), (x + 8, 0.0), (x + 8, 8.0), (x, 8.0)), 0.9)


class Told:
    """An editor, what it has sent, and what it has told."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.told: list[str] = []
        self.editor = Editor(self.sent.append)
        self.editor.watch(self.told.append)

    def last(self, kind: type[R]) -> R:
        return next(request for request in reversed(self.sent) if isinstance(request, kind))

    def count(self, kind: type[Request]) -> int:
        return sum(isinstance(request, kind) for request in self.sent)

    def connect(self) -> None:
        self.editor.handle(Connected(Welcome(id="w", model_hash="abc")))
        self.editor.handle(AttributeList(id=self.last(Attributes).id, attributes=ATTRIBUTES))

    def opened(self, session: str = "s", faces: int = 2) -> None:
        found = tuple(face(id, 20.0 * id) for id in range(faces))
        self.editor.handle(RegionOpened(id=self.last(OpenRegion).id, session=session, faces=found, thumbnail=PICTURE))

    def edited(self, edit: Edit, more: bool = False, **fields: Any) -> None:
        reply = Edited(id=edit.id, sequence=edit.sequence, picture=PICTURE, rectangle=PLACE, more=more, **fields)
        self.editor.handle(reply)

    def failed(self, request: Request, reason: str) -> None:
        self.editor.handle(Failed(id=request.id, cause="it is so", remedy="do this", reason=reason))


@pytest.fixture
def ready(region: OpenRegion) -> Told:
    """Two faces are found, the larger one is chosen."""
    told = Told()
    told.connect()
    told.editor.open(region)
    told.opened()
    return told


def test_opening_waits_for_the_backend_then_for_the_faces(region: OpenRegion) -> None:
    told = Told()
    told.editor.open(region)
    assert (told.editor.state, told.sent) == (State.WAITING, [])
    told.connect()
    assert told.editor.state is State.OPENING
    told.editor.handle(Progress(id=told.last(OpenRegion).id, what="finding faces", fraction=0.5))
    assert told.editor.progress is not None
    told.opened()
    assert told.editor.state is State.READY
    assert told.editor.progress is None
    assert told.editor.sliders.selected == (0,)
    assert told.count(Edit) == 0  # nothing is edited yet


def test_a_picture_without_faces(region: OpenRegion) -> None:
    told = Told()
    told.connect()
    told.editor.open(region)
    told.opened(faces=0)
    assert told.editor.state is State.NO_FACE
    told.editor.apply()
    assert told.count(Edit) == 0


def test_while_one_preview_is_under_way_only_the_newest_waits(ready: Told) -> None:
    for strength in (0.1, 0.2, 0.3, 0.4):
        ready.editor.sliders.set("smile", strength, done=False)
    assert ready.count(Edit) == 1
    first = ready.last(Edit)
    assert first.faces == (FaceEdit(0, {"smile": 0.1}),)
    ready.edited(first)
    second = ready.last(Edit)
    assert second.faces == (FaceEdit(0, {"smile": 0.4}),)
    assert second.sequence > first.sequence
    ready.edited(second)
    assert ready.count(Edit) == 2


def test_better_previews_follow_and_older_ones_do_not(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.1)
    first = ready.last(Edit)
    ready.edited(first, more=True, resolution=128)
    ready.edited(first, more=True, resolution=256, channels="½", milliseconds=24.2)
    assert ready.editor.quality == "256 px · ½ channels · 24 ms"
    ready.editor.sliders.set("smile", 0.2)
    second = ready.last(Edit)
    ready.edited(second, more=True, resolution=128)
    ready.edited(first, resolution=1024)  # late, and of older strengths
    assert ready.editor.preview is not None
    assert ready.editor.preview.resolution == 128


def test_a_superseded_preview_asks_for_the_newest(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.1)
    ready.editor.sliders.set("smile", 0.2)
    first = ready.last(Edit)
    ready.editor.handle(Superseded(id=first.id, sequence=first.sequence))
    assert ready.last(Edit).faces == (FaceEdit(0, {"smile": 0.2}),)


def test_a_preview_that_gave_way_to_the_final_is_asked_for_again(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.1)
    preview = ready.last(Edit)
    ready.editor.apply()
    ready.editor.handle(Superseded(id=preview.id, sequence=preview.sequence))
    assert [edit.quality for edit in ready.sent if isinstance(edit, Edit)] == ["preview", "final", "preview"]
    assert ready.last(Edit).faces == preview.faces


def test_a_failure_is_shown_and_the_next_success_clears_it(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.1)
    ready.failed(ready.last(Edit), "memory")
    assert ready.editor.problem is not None
    assert ready.editor.problem.remedy == "do this"
    assert ready.editor.state is State.READY
    ready.editor.sliders.set("smile", 0.2)
    ready.edited(ready.last(Edit))
    assert ready.editor.problem is None


def test_all_chosen_faces_move_and_all_are_sent(ready: Told) -> None:
    sliders = ready.editor.sliders
    sliders.set("age", 0.5)
    sliders.select((0, 1))
    assert sliders.mixed("age")
    sliders.set("smile", 1)
    ready.edited(ready.last(Edit))
    assert ready.last(Edit).faces == (FaceEdit(0, {"age": 0.5, "smile": 1.0}), FaceEdit(1, {"smile": 1.0}))
    assert not sliders.mixed("smile")
    assert sliders.title() == "age +0.5, smile +1"


def test_a_drag_is_one_step_of_the_history(ready: Told) -> None:
    sliders = ready.editor.sliders
    for strength in (0.1, 0.2, 0.3):
        sliders.set("smile", strength, done=False)
    sliders.set("smile", 0.3)
    sliders.set("age", -0.5)
    assert (sliders.value("smile"), sliders.value("age")) == (0.3, -0.5)
    sliders.undo()
    assert (sliders.value("smile"), sliders.value("age")) == (0.3, 0.0)
    sliders.undo()
    assert not sliders.values
    assert not sliders.can_undo
    sliders.undo()  # nothing more to undo
    sliders.redo()
    assert sliders.value("smile") == 0.3
    sliders.set("beard", 1)
    assert not sliders.can_redo  # what was undone is forgotten


def test_back_to_nothing_is_asked_for_too(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.sliders.reset("smile")
    assert ready.last(Edit).faces == ()


def test_locks_hold_against_reset_and_presets(ready: Told) -> None:
    sliders = ready.editor.sliders
    sliders.set("smile", 0.5)
    sliders.set("age", 0.5)
    sliders.lock("smile")
    with pytest.raises(ClientError, match="locked"):
        sliders.set("smile", 0.1)
    assert sliders.use(Preset("p", {"smile": -1, "beard": 1, "horns": 1})) == ("horns",)
    assert dict(sliders.values[0]) == {"smile": 0.5, "beard": 1}
    sliders.reset_all()
    assert dict(sliders.values[0]) == {"smile": 0.5}
    sliders.lock("smile", False)
    sliders.reset_all()
    assert not sliders.values


@pytest.mark.parametrize("strength", [2.1, -3, float("nan"), float("inf"), True, "1", None])
def test_impossible_strengths_are_refused(ready: Told, strength: Any) -> None:
    with pytest.raises(ClientError, match="use −2 to 2"):
        ready.editor.sliders.set("smile", strength)


def test_unknown_attributes_are_refused(ready: Told) -> None:
    with pytest.raises(ClientError, match="no attribute 'horns'"):
        ready.editor.sliders.set("horns", 1)


def test_presets_are_shared_as_json(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    preset = ready.editor.sliders.preset("Happy")
    assert Preset.from_json(preset.to_json()) == preset
    for wrong in ("", "{}", "[]", '{"anycost_preset": 1, "name": "x", "strengths": {"smile": 9}}', "[" * 50_000):
        with pytest.raises(ClientError):
            Preset.from_json(wrong)


def test_applying_gives_a_picture_and_what_opens_it_again(ready: Told, region: OpenRegion) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.apply()
    final, read = ready.last(Edit), ready.last(ReadLatent)
    assert final.quality == "final"
    ready.editor.sliders.set("smile", 0.9)  # goes on meanwhile
    latent = Picture.packed(4, 2, 1, bytes(range(32)), "32f")
    ready.editor.handle(Latent(id=read.id, face=0, model="abc", values=latent))
    assert ready.editor.applying
    ready.edited(final, quality="final")
    assert not ready.editor.applying
    result = ready.editor.result
    assert result is not None
    assert result.title == "smile +0.5"
    record = Record.from_json(result.record.to_json())
    assert record == result.record

    again = Told()
    again.connect()
    again.editor.open(region, record)
    known = again.last(OpenRegion).known
    assert [(one.model, one.latent) for one in known] == [("abc", latent)]
    again.opened()
    assert again.editor.sliders.value("smile") == 0.5
    assert not again.editor.sliders.can_undo
    assert again.last(Edit).faces == (FaceEdit(0, {"smile": 0.5}),)


def test_a_record_is_found_where_its_face_lies_now(ready: Told) -> None:
    ready.editor.sliders.select((1,))
    ready.editor.sliders.set("smile", 0.5)
    ready.editor.apply()
    ready.failed(ready.last(ReadLatent), "unknown_message")  # an older backend: strengths are kept all the same
    ready.edited(ready.last(Edit))
    ready.edited(next(edit for edit in ready.sent if isinstance(edit, Edit) and edit.quality == "final"))
    assert ready.editor.result is not None
    record = ready.editor.result.record
    assert record.strengths_of((face(0, 20.0),), 0, 0) == {0: {"smile": 0.5}}
    assert record.strengths_of((face(0, 10.0),), 10, 0) == {0: {"smile": 0.5}}  # a region that begins at x = 10
    assert record.strengths_of((face(0, 0.0),), 0, 0) == {}
    assert record.strengths_of((), 0, 0) == {}


@pytest.mark.parametrize("text", ["", "{}", '{"anycost_edit": 1, "model": "m", "faces": [{}]}', "null", "[" * 50_000])
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(ClientError, match="edit the original layer anew"):
        Record.from_json(text)


def test_a_failed_apply_is_told(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.apply()
    ready.failed(ready.last(Edit), "disk")
    assert (ready.editor.applying, ready.editor.result) == (False, None)
    assert ready.editor.problem is not None
    assert "result" in ready.told


def test_a_cancelled_apply_is_no_problem(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.apply()
    ready.editor.cancel_apply()
    assert ready.last(Cancel).what == ready.last(Edit).id
    ready.failed(ready.last(Edit), "cancelled")
    assert (ready.editor.applying, ready.editor.problem) == (False, None)


def test_refining_draws_anew_also_when_stopped(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    for end in ("done", "stopped"):
        before = ready.count(Edit)
        ready.editor.refine(0, budget=5)
        refine = ready.last(Refine)
        if end == "done":
            ready.editor.handle(Refined(id=refine.id, face=0, scores={"similarity": 0.8}))
            assert ready.editor.refined[0].scores == {"similarity": 0.8}
        else:
            ready.editor.stop_refining()
            assert ready.last(Cancel).what == refine.id
            ready.failed(refine, "cancelled")
        assert not ready.editor.refining
        assert ready.count(Edit) == before + 1
        ready.edited(ready.last(Edit))


def test_a_new_backend_gets_the_region_and_the_newest_edit(ready: Told) -> None:
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


def test_a_forgotten_session_is_opened_again_but_not_forever(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    for _ in range(3):
        ready.failed(ready.last(Edit), "no_session")
        assert ready.editor.state is State.OPENING
        ready.opened()
    ready.failed(ready.last(Edit), "no_session")
    assert ready.editor.state is State.READY
    assert ready.editor.problem is not None


def test_no_backend_and_then_one(ready: Told) -> None:
    ready.editor.handle(Unavailable("not installed: install it"))
    assert ready.editor.state is State.FAILED
    ready.connect()
    assert ready.editor.state is State.OPENING
    assert ready.editor.problem is None


def test_without_a_backend_opening_says_so(region: OpenRegion) -> None:
    told = Told()
    told.editor.handle(Unavailable("not installed: install it"))
    told.editor.open(region)
    assert told.editor.state is State.FAILED
    assert told.editor.problem is not None
    assert told.editor.problem.reason == "unavailable"


@pytest.mark.parametrize("action", ["slider", "apply"])
def test_a_sleeping_backend_is_woken_by_the_next_action(ready: Told, action: str) -> None:
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
    told = Told()
    told.connect()
    told.editor.handle(Asleep())
    asked = len(told.sent)
    told.editor.open(region)
    assert [type(request) for request in told.sent[asked:]] == [Attributes]
    told.connect()
    assert told.editor.state is State.OPENING


def test_closing_forgets_everything(ready: Told) -> None:
    ready.editor.sliders.set("smile", 0.5)
    edits = ready.count(Edit)
    ready.editor.close()
    assert ready.last(Close).session == "s"
    assert (ready.editor.state, ready.editor.faces, ready.editor.preview) == (State.EMPTY, (), None)
    assert not ready.editor.sliders.values
    assert ready.count(Edit) == edits
    ready.edited(ready.last(Edit))  # late
    assert ready.editor.preview is None


def test_a_picture_left_while_its_faces_are_looked_for(ready: Told, region: OpenRegion) -> None:
    ready.editor.open(region)
    left = ready.last(OpenRegion)
    ready.editor.open(region)
    assert ready.last(Cancel).what == left.id
    ready.editor.handle(RegionOpened(id=left.id, session="too late", faces=(face(0, 0),)))
    assert ready.last(Close).session == "too late"  # the backend forgets it
    assert ready.editor.state is State.OPENING
    ready.opened()
    assert ready.editor.state is State.READY


def test_watching_ends_when_asked(ready: Told) -> None:
    seen: list[str] = []
    stop = ready.editor.watch(seen.append)
    ready.editor.show(0.5)
    stop()
    ready.editor.show(None)
    assert seen == ["compare"]
