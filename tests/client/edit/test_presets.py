"""Presets on the disk: kept, shared, deleted; other people's files are left alone."""

import json
from pathlib import Path

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.core.translation import Translator
from anycost_client.edit.presets import Preset, PresetFiles


@pytest.fixture
def store(tmp_path: Path) -> PresetFiles:
    return PresetFiles(tmp_path / "presets", Translator(tmp_path, lambda: "en"))


def test_presets_are_kept_by_their_names_and_deleted(store):
    assert store.all() == []
    store.save(Preset("Heiter, jünger", {"smile": 0.5, "age": -0.3}))
    store.save(Preset("Another", {"smile": 1}))
    store.save(Preset("Another", {"smile": 0.2}))
    store.save(Preset("another!", {"age": 1}))  # would be the same file
    (store.folder / "other.json").write_text("{}")
    assert [(preset.name, dict(preset.strengths)) for preset in store.all()] == [
        ("Another", {"smile": 0.2}),
        ("another!", {"age": 1}),
        ("Heiter, jünger", {"smile": 0.5, "age": -0.3}),
    ]
    store.delete("Another")
    assert [preset.name for preset in store.all()] == ["another!", "Heiter, jünger"]
    assert (store.folder / "other.json").exists()


def test_a_preset_is_shared_as_a_file(store, tmp_path):
    path = tmp_path / "shared" / "happy.json"
    store.write(path, Preset("happy", {"smile": 0.5}))
    assert store.load(path) == Preset("happy", {"smile": 0.5})
    assert [file.name for file in path.parent.iterdir()] == ["happy.json"]  # nothing half-written


def test_what_the_disk_refuses_is_one_line_in_the_users_language(tmp_path):
    store = PresetFiles(tmp_path / "presets", Translator(tmp_path, lambda: "de"))
    with pytest.raises(ClientError, match=r"^die Datei kann nicht gelesen werden \("):
        store.load(tmp_path / "missing.json")
    (tmp_path / "file").touch()
    with pytest.raises(ClientError, match=r"^die Vorgabe kann nicht gespeichert werden \("):
        store.write(tmp_path / "file" / "preset.json", Preset("p", {"smile": 1}))


@pytest.mark.parametrize("strength", ["\ud800", "strong", None, True, [1]])
def test_a_strength_that_is_no_number_is_named_in_characters_that_can_be_shown(strength):
    text = json.dumps({"anycost_preset": 1, "name": "p", "strengths": {"smile": strength}})
    with pytest.raises(ClientError) as refused:
        Preset.from_json(text)
    assert "strength of" in str(refused.value).encode().decode()
