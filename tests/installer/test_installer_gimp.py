"""The plug-in in GIMP's profiles: what is put where, twice as well as once, and how it goes away again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gimp_plugin
import pytest
from checkout import ROOT
from gimp_profiles import GimpProfile, find_gimp, profiles

PYTHON = Path(sys.executable)


def pip(arguments: list[str]) -> bool:
    """Stands in for `pip install --target FOLDER …`; there is no wheel for Python 3.10."""
    folder = Path(arguments[arguments.index("--target") + 1])
    (folder / "zmq").mkdir(parents=True)
    (folder / "zmq" / "__init__.py").write_text("")
    return "3.10" not in arguments


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def profile(tmp_path: Path) -> GimpProfile:
    return find_gimp(tmp_path)[0]


def put(profile: GimpProfile) -> list[str]:
    notes: list[str] = []
    gimp_plugin.put(profile, ROOT, PYTHON, pip, notes.append)
    return notes


def test_the_plug_in_comes_with_all_that_it_needs(profile):
    notes = put(profile)
    plugin = profile.plugins / "anycost_gimp"
    assert os.access(plugin / "anycost_gimp.py", os.X_OK)
    assert (plugin / "widgets" / "attribute_row.py").is_file()
    assert sorted(path.name for path in (plugin / "vendor").iterdir()) == ["anycost_client", "cp311", "cp312"]
    assert json.loads(profile.backend.read_text()) == {"python": str(PYTHON)}
    assert len(notes) == 1
    assert "3.10" in notes[0]


def test_it_finds_its_modules_and_the_pyzmq_of_its_python_where_gimp_starts_it(profile):
    """A Python that names the package as its file is named would import the file in the package's place."""
    put(profile)
    script = profile.plugins / "anycost_gimp" / "anycost_gimp.py"
    (script.parent / "plugin.py").write_text(
        "import sys, zmq, anycost_client, anycost_gimp.areas\n"
        "def run():\n    print(zmq.__file__, anycost_client.__file__, anycost_gimp.areas.__file__)\n"
    )
    stand_in = profile.plugins / "gi"
    stand_in.mkdir()
    (stand_in / "__init__.py").write_text("def require_version(name, version):\n    pass\n")
    said = subprocess.run(
        [sys.executable, "-S", str(script)], capture_output=True, text=True, check=True
    ).stdout.split()
    version = min(sys.version_info[:2], (3, 12))
    folders = (f"vendor/cp{version[0]}{version[1]}/zmq", "vendor/anycost_client")
    for path, folder in zip(said, (*folders, ""), strict=True):
        assert Path(path).is_relative_to(script.parent / folder)


def test_installing_again_changes_nothing_and_removing_leaves_nothing(profile, tmp_path):
    put(profile)
    once = {path: (tmp_path / path).read_bytes() for path in below(tmp_path) if (tmp_path / path).is_file()}
    (profile.plugins / "anycost_gimp" / "left_over.py").write_text("")
    put(profile)
    assert once == {path: (tmp_path / path).read_bytes() for path in below(tmp_path) if (tmp_path / path).is_file()}
    assert gimp_plugin.take(profile, last=False) == [profile.plugins / "anycost_gimp"]
    assert profile.backend.is_file()
    put(profile)
    assert len(gimp_plugin.take(profile)) == 2
    assert not [path for path in below(tmp_path) if "anycost" in path]
    assert gimp_plugin.take(profile) == []


def test_every_release_that_was_started_gets_it(tmp_path):
    for name in ("2.10", "3.0", "3.2", "3.10"):
        (tmp_path / ".config" / "GIMP" / name).mkdir(parents=True)
    found = profiles("linux", tmp_path, {}, installed=False)
    assert [profile.title for profile in found] == ["GIMP 3.10", "GIMP 3.2", "GIMP 3.0"]
    assert profiles("linux", tmp_path / "empty", {}, installed=False) == []
    (first,) = profiles("win32", tmp_path, {"APPDATA": str(tmp_path / "roaming")}, installed=True)
    assert first.plugins == tmp_path / "roaming" / "GIMP" / "3.0" / "plug-ins"
