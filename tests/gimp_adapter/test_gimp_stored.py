"""What is kept with a layer: read back as it was, of limited size, and never trusted."""

import json

import pytest
from anycost_client.errors import ClientError
from anycost_client.messages import Picture
from anycost_client.record import Record, RecordedFace
from anycost_gimp.areas import Area
from anycost_gimp.stored import Stored

LATENT = Picture.packed(512, 16, 1, bytes(range(256)) * 128, "32f")
FACE = RecordedFace(((0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)), {"smile": 0.8}, LATENT)
EDIT = Stored(7, Area(-3, 4, 40, 30), bytes(range(240)) * 5, Record("abc", (FACE,)))


def test_it_is_read_as_it_was_kept():
    assert Stored.from_bytes(EDIT.to_bytes()) == EDIT


def test_what_is_too_large_goes_without_latents_then_without_the_selection():
    whole = len(EDIT.to_bytes())
    lighter = Stored.from_bytes(EDIT.to_bytes(whole - 1))
    assert lighter.record.faces[0].latent is None
    assert lighter.selection == EDIT.selection
    lightest = Stored.from_bytes(EDIT.to_bytes(len(lighter.to_bytes()) - 1))
    assert lightest.selection is None
    assert lightest.record.faces[0].strengths == {"smile": 0.8}
    with pytest.raises(ClientError, match="too large"):
        EDIT.to_bytes(10)


@pytest.mark.parametrize(
    "change",
    [
        {"anycost_layer": 2},
        {"area": [0, 0, 1 << 20, 1 << 20]},
        {"area": [0, 0, 0, 0]},
        {"area": [0, 0, 1e999, 1]},
        {"selection": "AAAA"},
        {"source": "none"},
        {"record": "{}"},
        {"record": 5},
    ],
)
def test_what_is_damaged_or_made_up_is_refused(change):
    content = json.loads(EDIT.to_bytes()) | change
    with pytest.raises(ClientError, match="cannot be read: edit the original layer anew"):
        Stored.from_bytes(json.dumps(content).encode())


def test_what_is_no_json_is_refused():
    for data in (b"", b"\xff", b"[]", b"[" * 100_000, b'"a"'):
        with pytest.raises(ClientError):
            Stored.from_bytes(data)
