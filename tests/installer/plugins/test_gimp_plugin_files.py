"""The plug-in in GIMP's profiles: executable, and able to find its modules where GIMP starts it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from installed_home import PYTHON, Home


def test_the_plug_in_comes_with_all_that_it_needs(home: Home) -> None:
    home.put(home.gimp)
    plugin = home.gimp.plugin_folder
    assert os.access(plugin / "anycost_gimp.py", os.X_OK)
    assert (plugin / "widgets" / "attribute_row.py").is_file()
    assert sorted(path.name for path in (plugin / "vendor").iterdir()) == ["anycost_client", "cp311", "cp312"]
    assert json.loads(home.gimp.backend.read_text()) == {"python": str(PYTHON)}


def test_a_gimp_that_loads_no_wheels_gets_none(home: Home) -> None:
    home.put(replace(home.gimp, takes_wheels=False))
    assert [path.name for path in (home.gimp.plugin_folder / "vendor").iterdir()] == ["anycost_client"]


def test_it_finds_its_modules_and_the_pyzmq_of_its_python_where_gimp_starts_it(home: Home) -> None:
    """A Python that names the package as its file is named would import the file in the package's place."""
    home.put(home.gimp)
    script = home.gimp.plugin_folder / "anycost_gimp.py"
    (script.parent / "plugin.py").write_text(
        "import zmq, anycost_client, anycost_gimp.sibling\n"
        "def run():\n"
        "    for module in (zmq, anycost_client, anycost_gimp.sibling):\n        print(module.__file__)\n"
    )
    (script.parent / "sibling.py").write_text("")
    stand_in = home.gimp.plugins_folder / "gi"
    stand_in.mkdir()
    (stand_in / "__init__.py").write_text("def require_version(name, version):\n    pass\n")
    said = subprocess.run([sys.executable, "-S", script], capture_output=True, text=True, check=True)
    version = min(sys.version_info[:2], (3, 12))
    folders = (f"vendor/cp{version[0]}{version[1]}/zmq", "vendor/anycost_client", "")
    for path, folder in zip(said.stdout.splitlines(), folders, strict=True):
        assert Path(path).is_relative_to(script.parent / folder)


def test_every_release_gets_it_and_they_share_one_backend(home: Home) -> None:
    newer = replace(home.gimp, folder=home.gimp.folder.with_name("3.2"), version="3.2.6")
    record = home.put(home.gimp, newer)
    assert (newer.plugin_folder / "anycost_gimp.py").is_file()
    assert (home.gimp.plugin_folder / "anycost_gimp.py").is_file()
    assert [entry.path for entry in record.of_kind("file") if entry.path.endswith("backend.json")] == [
        str(home.paths.data / "backend.json")
    ]
