"""Applies the edit in progress: the image, the record that opens it again, and refining."""

import json

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.protocol.messages import (
    Cancel,
    Edit,
    FaceEdit,
    Latent,
    OpenRegion,
    Picture,
    ReadLatent,
    Refine,
    Refined,
)
from recording_editor import RecordingEditor, face


def test_applying_gives_a_picture_and_what_opens_it_again(ready: RecordingEditor, region: OpenRegion) -> None:
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
    record = EditRecord.from_json(result.record.to_json())
    assert record == result.record

    again = RecordingEditor()
    again.connect()
    again.editor.open(region, record)
    known = again.last(OpenRegion).known
    assert [(one.model, one.latent) for one in known] == [("abc", latent)]
    again.opened()
    assert again.editor.sliders.value("smile") == 0.5
    assert not again.editor.sliders.can_undo
    assert again.last(Edit).faces == (FaceEdit(0, {"smile": 0.5}),)


def test_a_record_is_found_where_its_face_lies_now(ready: RecordingEditor) -> None:
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


def test_what_the_model_or_the_image_lacks_is_left_out_and_told(region: OpenRegion) -> None:
    there, gone = (
        RecordedFace(face(0, x).corners, {"smile": 0.5, "antlers": 1.0}, held=("tail",)) for x in (0.0, 900.0)
    )
    one = RecordingEditor()
    one.connect()
    one.editor.open(region, EditRecord("abc", (there, gone)))
    one.opened()
    assert one.last(Edit).faces == (FaceEdit(0, {"smile": 0.5}),)
    assert one.editor.restored.unknown == ("antlers",)
    assert one.editor.restored.lost == 1
    assert "restored" in one.told


def test_a_record_of_very_many_faces_is_refused_before_it_is_parsed() -> None:
    record = json.loads(EditRecord("abc", (RecordedFace(face(0, 0.0).corners, {"smile": 0.5}),)).to_json())
    with pytest.raises(ClientError, match="edit the original layer anew"):
        EditRecord.from_json(json.dumps(record | {"faces": record["faces"] * 301}))
    with pytest.raises(ClientError, match="edit the original layer anew"):
        EditRecord.from_json(json.dumps(record | {"x": [0] * 100_000}))


@pytest.mark.parametrize("text", ["", "{}", '{"anycost_edit": 1, "model": "m", "faces": [{}]}', "null", "[" * 50_000])
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(ClientError, match="edit the original layer anew"):
        EditRecord.from_json(text)


def test_a_failed_apply_is_told(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.apply()
    ready.failed(ready.last(Edit), "disk")
    assert (ready.editor.applying, ready.editor.result) == (False, None)
    assert ready.editor.problem is not None
    assert "result" in ready.told


def test_a_cancelled_apply_is_no_problem(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    ready.edited(ready.last(Edit))
    ready.editor.apply()
    ready.editor.cancel_apply()
    assert ready.last(Cancel).what == ready.last(Edit).id
    ready.failed(ready.last(Edit), "cancelled")
    assert (ready.editor.applying, ready.editor.problem) == (False, None)


def test_refining_draws_anew_also_when_stopped(ready: RecordingEditor) -> None:
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
