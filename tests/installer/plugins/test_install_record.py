"""The record lists every installed file with its hash."""

import json
from pathlib import Path

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.plugins.install_record import file_state, read_record
from installed_home import PYTHON, Home


def test_every_file_is_recorded_with_its_hash_and_none_lies_outside_of_the_home(home: Home) -> None:
    record = home.put(home.krita, home.gimp)
    recorded = {entry.path for entry in record.of_kind("file", "setting")}
    there = {str(home.folder / path) for path in home.below() if not path.endswith("/")}
    assert there - recorded == {str(home.paths.data / "record.json")}
    assert recorded <= there
    assert {file_state(entry) for entry in record.of_kind("file")} == {"ok"}
    assert (record.version, record.python, record.hosts) == ("0.1.0", str(PYTHON), (home.krita, home.gimp))


def test_a_record_that_cannot_be_read_is_said_so_and_written_again(home: Home) -> None:
    assert read_record(home.paths) is None
    home.put(home.krita)
    file = home.paths.data / "record.json"
    good = json.loads(file.read_text(encoding="utf-8"))
    relative = {**good, "entries": [{"path": "record.json", "kind": "file"}]}
    not_ours = {**good, "entries": [{"path": str(home.folder), "kind": "plugin"}]}  # it would be removed whole
    for bad in ("", "[]", "{}", json.dumps(relative), json.dumps(not_ours), '{"format": 1, "hosts": [{}]}'):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(InstallError, match="is damaged: run 'python3 installer install'"):
            read_record(home.paths)
    file.write_text(json.dumps({**good, "format": 2}), encoding="utf-8")
    with pytest.raises(InstallError, match="another version of the installer"):
        read_record(home.paths)
    assert home.put(home.krita).hosts == (home.krita,)


def test_one_editor_after_the_other_are_both_recorded(home: Home) -> None:
    home.put(home.krita)
    record = home.put(home.gimp, python=Path("/another/python"))
    assert set(record.hosts) == {home.krita, home.gimp}
    assert all(file_state(entry) == "ok" for entry in record.of_kind("file"))
    assert json.loads((home.paths.data / "backend.json").read_text()) == {"python": str(Path("/another/python"))}
