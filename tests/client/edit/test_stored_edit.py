"""What is kept with a layer: read back as it was, of limited size, never trusted, and old ones stay readable."""

import json
from dataclasses import replace

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import EditRecord, RecordedFace
from anycost_client.edit.stored_edit import StoredEdit
from anycost_client.protocol.messages import Picture

LATENT = Picture.packed(512, 16, 1, bytes(range(256)) * 128, "32f")
FACE = RecordedFace(((0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)), {"smile": 0.8}, LATENT)
EDIT = StoredEdit("7", Area(-3, 4, 40, 30), bytes(range(240)) * 5, EditRecord("abc", (FACE,)), time=6)


def test_it_is_read_as_it_was_kept():
    assert StoredEdit.from_bytes(EDIT.to_bytes()) == EDIT
    plain = replace(EDIT, selection=None, time=None)
    assert StoredEdit.from_bytes(plain.to_bytes()) == plain


def test_the_digest_of_what_was_written_is_kept_and_older_edits_have_none():
    edit = replace(EDIT, written="5c0ffee")
    assert StoredEdit.from_bytes(edit.to_bytes()) == edit
    content = json.loads(EDIT.to_bytes())
    del content["written"]
    assert StoredEdit.from_bytes(json.dumps(content).encode()).written is None


def test_a_large_selection_is_packed_and_unpacked_in_steps():
    area = Area(0, 0, 4000, 1000)
    edit = replace(EDIT, area=area, selection=bytes(range(250)) * (area.pixels // 250))
    steps = edit.packing()
    assert sum(1 for _ in steps) > 3
    assert StoredEdit.from_bytes(edit.to_bytes()) == edit


def test_what_is_too_large_goes_without_latents_then_without_the_selection():
    whole = len(EDIT.to_bytes())
    lighter = StoredEdit.from_bytes(EDIT.to_bytes(whole - 1))
    assert lighter.record.faces[0].latent is None
    assert lighter.selection == EDIT.selection
    lightest = StoredEdit.from_bytes(EDIT.to_bytes(len(lighter.to_bytes()) - 1))
    assert lightest.selection is None
    assert lightest.record.faces[0].strengths == {"smile": 0.8}
    with pytest.raises(ClientError, match="too large"):
        EDIT.to_bytes(10)


def test_edits_that_were_stored_before_frames_were_and_with_a_number_as_their_source_still_open():
    content = json.loads(EDIT.to_bytes())
    del content["time"]
    old = json.dumps(content | {"source": 7}).encode()
    assert StoredEdit.from_bytes(old) == replace(EDIT, time=None)


@pytest.mark.parametrize(
    "change",
    [
        {"anycost_layer": 2},
        {"area": [0, 0, 1 << 20, 1 << 20]},
        {"area": [0, 0, 0, 0]},
        {"area": [0, 0, 1e999, 1]},
        {"area": [0, 0, 3, 3]},  # smaller than its selection
        {"area": [0, 0, 300, 300]},
        {"selection": "AAAA"},
        {"written": 5},
        {"selection": ""},
        {"source": None},
        {"source": True},
        {"record": "{}"},
        {"record": 5},
        {"time": "now"},
    ],
)
def test_what_is_damaged_or_made_up_is_refused(change):
    content = json.loads(EDIT.to_bytes()) | change
    with pytest.raises(ClientError, match="cannot be read: edit the original layer anew"):
        StoredEdit.from_bytes(json.dumps(content).encode())


def test_what_is_no_json_is_refused():
    for data in (b"", b"\xff", b"[]", b"[" * 100_000, b'"a"'):
        with pytest.raises(ClientError):
            StoredEdit.from_bytes(data)
