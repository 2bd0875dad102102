"""Locks, own attributes, and what is taken over from another face: asked for, shown, undone, stored."""

from anycost_client.edit.edit_record import EditRecord
from anycost_client.edit.editor import State
from anycost_client.protocol.events import Lost
from anycost_client.protocol.messages import (
    Attribute,
    Attributes,
    Cancel,
    Edit,
    FaceEdit,
    Latent,
    LearnAttribute,
    Learned,
    Matched,
    MatchFace,
    Offset,
    OpenRegion,
    Picture,
    Progress,
    ReadLatent,
    SessionFace,
)
from recording_editor import RecordingEditor

LATENT = Picture.packed(4, 2, 1, bytes(range(32)), "32f")
OTHER = SessionFace("other", 1)


def test_what_is_locked_is_held_and_drawn_anew(ready: RecordingEditor) -> None:
    sliders = ready.editor.sliders
    sliders.set("age", 0.5)
    ready.edited(ready.last(Edit))
    sliders.lock("smile")
    assert ready.last(Edit).faces == (FaceEdit(0, {"age": 0.5}, ("smile",)),)
    ready.edited(ready.last(Edit))
    sliders.lock("unknown_here")
    assert ready.last(Edit).faces[0].held == ("smile",)
    ready.edited(ready.last(Edit))
    sliders.lock("smile", False)
    assert ready.last(Edit).faces[0].held == ()


def test_a_match_is_shown_by_sliders_and_is_one_step_to_undo(ready: RecordingEditor) -> None:
    editor = ready.editor
    editor.sliders.set("smile", 0.5)
    editor.sliders.lock("beard")
    editor.match(0, "expression", OTHER)
    asked = ready.last(MatchFace)
    assert (asked.session, asked.face, asked.what, asked.source) == ("s", 0, "expression", OTHER)
    assert editor.making
    editor.match(0, "pose", OTHER)  # one at a time
    assert ready.count(MatchFace) == 1
    editor.handle(Progress(id=asked.id, what="matching the face", fraction=0.5))
    assert editor.progress is not None
    strengths = {"smile": -0.4, "age": 0.2, "beard": 1.0}
    editor.handle(Matched(id=asked.id, face=0, what="expression", strengths=strengths, text="smile -0.4"))
    assert "made" in ready.told
    assert isinstance(editor.made, Matched)
    assert not editor.making
    assert editor.progress is None
    assert editor.sliders.values == {0: {"smile": -0.4, "age": 0.2}}  # beard is locked
    editor.sliders.undo()
    assert editor.sliders.values == {0: {"smile": 0.5}}


def test_what_no_attribute_says_is_taken_over_as_an_offset_that_can_be_faded(ready: RecordingEditor) -> None:
    editor = ready.editor
    for _ in range(2):
        editor.match(0, "lighting", OTHER)
        asked = ready.last(MatchFace)
        editor.handle(Matched(id=asked.id, face=0, what="lighting", strengths={}, offset=LATENT))
    (name,) = editor.sliders.values[0]  # the second takes the place of the first
    ready.edited(ready.last(Edit))
    assert ready.last(Edit).faces == (FaceEdit(0, {}, (), (Offset(LATENT, 1.0),)),)
    ready.edited(ready.last(Edit))
    editor.sliders.set(name, 0.5)
    assert ready.last(Edit).faces[0].offsets[0].amount == 0.5
    assert editor.sliders.preset("mine").strengths == {}
    editor.sliders.undo()
    editor.sliders.undo()
    assert len(editor.sliders.edits()[0].offsets) == 1  # the first again


def test_locks_and_offsets_are_stored_with_the_edit(ready: RecordingEditor, region: OpenRegion) -> None:
    editor = ready.editor
    editor.sliders.lock("beard")
    editor.sliders.set("smile", 0.5)
    editor.match(0, "lighting", OTHER)
    editor.handle(Matched(id=ready.last(MatchFace).id, face=0, what="lighting", strengths={}, offset=LATENT))
    editor.apply()
    editor.handle(Latent(id=ready.last(ReadLatent).id, face=0, model="abc", values=LATENT))
    ready.edited(ready.last(Edit))
    assert editor.result is not None
    record = EditRecord.from_json(editor.result.record.to_json())
    assert record == editor.result.record

    editor.sliders.lock("beard", False)
    editor.open(region, record)
    ready.opened("s2")
    (edit,) = ready.last(Edit).faces
    assert (edit.strengths, edit.held) == ({"smile": 0.5}, ("beard",))
    assert bytes(edit.offsets[0].values.data) == bytes(LATENT.data)


def test_a_slider_is_made_from_faces_and_then_offered(ready: RecordingEditor) -> None:
    editor = ready.editor
    faces = tuple(SessionFace(f"s{i}", 0) for i in range(8))
    editor.learn("freckles", faces[:4], faces[4:])
    asked = ready.last(LearnAttribute)
    assert (asked.name, asked.positive, asked.negative) == ("freckles", faces[:4], faces[4:])
    lists = ready.count(Attributes)
    learned = Learned(id=asked.id, attribute=Attribute("freckles", "Own", ""), holds=True, text="it holds")
    editor.handle(learned)
    assert editor.made == learned
    assert ready.count(Attributes) == lists + 1
    assert editor.state is State.READY


def test_what_fails_is_stopped_or_lost_makes_nothing(ready: RecordingEditor) -> None:
    editor = ready.editor
    for reason in ("bad_message", "cancelled"):
        editor.match(0, "pose", OTHER)
        editor.stop_making()
        assert ready.last(Cancel).what == ready.last(MatchFace).id
        ready.told.clear()
        ready.failed(ready.last(MatchFace), reason)
        assert "made" in ready.told
        assert (editor.made, editor.making) == (None, False)
        assert (editor.problem is None) == (reason == "cancelled")
    editor.match(0, "pose", OTHER)
    editor.handle(Lost("it ended", 1))
    assert not editor.making
    assert editor.sliders.values == {}
