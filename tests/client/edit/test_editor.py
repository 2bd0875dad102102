"""The edit in progress, without a backend: opening an image, its previews, and leaving it."""

from anycost_client.edit.editor import State
from anycost_client.protocol.messages import (
    Cancel,
    Close,
    Edit,
    FaceEdit,
    OpenRegion,
    Progress,
    RegionOpened,
    Superseded,
)
from recording_editor import RecordingEditor, face


def test_opening_waits_for_the_backend_then_for_the_faces(region: OpenRegion) -> None:
    told = RecordingEditor()
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
    told = RecordingEditor()
    told.connect()
    told.editor.open(region)
    told.opened(faces=0)
    assert told.editor.state is State.NO_FACE
    told.editor.apply()
    assert told.count(Edit) == 0


def test_while_one_preview_is_under_way_only_the_newest_waits(ready: RecordingEditor) -> None:
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


def test_better_previews_follow_and_older_ones_do_not(ready: RecordingEditor) -> None:
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


def test_a_superseded_preview_asks_for_the_newest(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.1)
    ready.editor.sliders.set("smile", 0.2)
    first = ready.last(Edit)
    ready.editor.handle(Superseded(id=first.id, sequence=first.sequence))
    assert ready.last(Edit).faces == (FaceEdit(0, {"smile": 0.2}),)


def test_a_preview_that_gave_way_to_the_final_is_asked_for_again(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.1)
    preview = ready.last(Edit)
    ready.editor.apply()
    ready.editor.handle(Superseded(id=preview.id, sequence=preview.sequence))
    assert [edit.quality for edit in ready.sent if isinstance(edit, Edit)] == ["preview", "final", "preview"]
    assert ready.last(Edit).faces == preview.faces


def test_a_failure_is_shown_and_the_next_success_clears_it(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.1)
    ready.failed(ready.last(Edit), "memory")
    assert ready.editor.problem is not None
    assert ready.editor.problem.remedy == "do this"
    assert ready.editor.state is State.READY
    ready.editor.sliders.set("smile", 0.2)
    ready.edited(ready.last(Edit))
    assert ready.editor.problem is None


def test_closing_forgets_everything(ready: RecordingEditor) -> None:
    ready.editor.sliders.set("smile", 0.5)
    edits = ready.count(Edit)
    ready.editor.close()
    assert ready.last(Close).session == "s"
    assert (ready.editor.state, ready.editor.faces, ready.editor.preview) == (State.EMPTY, (), None)
    assert not ready.editor.sliders.values
    assert ready.count(Edit) == edits
    ready.edited(ready.last(Edit))  # late
    assert ready.editor.preview is None


def test_a_picture_left_while_its_faces_are_looked_for(ready: RecordingEditor, region: OpenRegion) -> None:
    ready.editor.open(region)
    left = ready.last(OpenRegion)
    ready.editor.open(region)
    assert ready.last(Cancel).what == left.id
    ready.editor.handle(RegionOpened(id=left.id, session="too late", faces=(face(0, 0),)))
    assert ready.last(Close).session == "too late"  # the backend forgets it
    assert ready.editor.state is State.OPENING
    ready.opened()
    assert ready.editor.state is State.READY


def test_watching_ends_when_asked(ready: RecordingEditor) -> None:
    seen: list[str] = []
    stop = ready.editor.watch(seen.append)
    ready.editor.show(0.5)
    stop()
    ready.editor.show(None)
    assert seen == ["compare"]
