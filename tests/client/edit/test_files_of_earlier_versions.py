"""What an earlier version wrote still opens. The files were made by running the code of commit 8d56677."""

import struct
from pathlib import Path

from anycost_client.core.translation import Translator
from anycost_client.edit.areas import Area
from anycost_client.edit.presets import PresetFiles
from anycost_client.edit.stored_edit import StoredEdit

FOLDER = Path(__file__).with_name("made_by_8d56677")


def test_an_edit_stored_with_a_layer_opens_with_all_that_was_kept():
    edit = StoredEdit.from_bytes((FOLDER / "stored_edit.json").read_bytes())
    assert (edit.source, edit.area, edit.time) == ("7", Area(-3, 4, 40, 30), 6)
    assert edit.selection == bytes(range(240)) * 5
    assert edit.record.model == "abc"
    first, second = edit.record.faces
    assert first.corners == ((12.5, 10.0), (52.5, 10.0), (52.5, 50.0), (12.5, 50.0))
    assert (dict(first.strengths), first.held) == ({"smile": 0.8, "age": -0.35}, ("hair_lightness",))
    assert first.latent is not None
    assert struct.unpack("<8f", first.latent.data) == tuple(n / 8 for n in range(8))
    assert [(offset.values, offset.amount) for offset in first.offsets] == [(first.latent, 0.5)]
    assert (dict(second.strengths), second.latent, second.offsets) == ({"mouth_open": 1.0}, None, ())
    assert StoredEdit.from_bytes(edit.to_bytes()) == edit


def test_presets_are_found_in_their_folder(tmp_path):
    [preset] = PresetFiles(FOLDER / "presets", Translator(tmp_path, lambda: "en")).all()
    assert (preset.name, dict(preset.strengths)) == ("Heiter, jünger", {"smile": 0.5, "age": -0.3})
