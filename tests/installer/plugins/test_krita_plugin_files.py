"""The plug-in in Krita's profile: complete, switched on, the same when done twice; and the ZIP that Krita imports."""

import builtins
import importlib.util
import json
import zipfile
from pathlib import Path

import pytest
from anycost_client.core import paths as client_paths
from anycost_client.process import launch
from anycost_installer.core.checkout import ROOT, pinned_version
from anycost_installer.core.errors import InstallError
from anycost_installer.plugins import archive as plugin_archive
from installed_home import PYTHON, Home, fake_pip

IMPORTER = Path("/usr/share/krita/pykrita/plugin_importer/plugin_importer.py")


def test_the_plug_in_comes_with_all_that_it_needs(home: Home) -> None:
    home.put(home.krita)
    plugin = home.krita.plugin_folder
    assert (plugin / "__init__.py").is_file()
    assert (plugin / "vendor" / "anycost_client" / "protocol" / "codec.py").is_file()
    assert sorted(path.name for path in (plugin / "vendor").iterdir()) == ["anycost_client", "cp311", "cp312"]
    assert not (plugin / "vendor" / "cp311" / "bin").exists()
    assert (home.krita.plugins_folder / "anycost_krita.desktop").is_file()
    assert (home.krita.actions_folder / "anycost_krita.action").is_file()
    assert home.krita.settings
    assert "enable_anycost_krita=true" in home.krita.settings.read_text()
    assert "no wheel for Python 3.10: an editor with it takes the bridge" in home.printed.getvalue()
    assert not [path for path in home.below() if path.endswith((".part", ".old", ".pyc"))]


def test_the_client_finds_the_backend_that_the_installer_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANYCOST_HOME", "ANYCOST_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(home.paths.data.parent))
    home.put(home.krita)
    assert json.loads((client_paths.data_dir() / "backend.json").read_text()) == {"python": str(PYTHON)}
    assert launch.backend_python() == PYTHON


def test_installing_again_changes_nothing_but_takes_away_what_an_older_version_left(home: Home) -> None:
    settings = home.krita.settings
    assert settings
    settings.parent.mkdir(parents=True)
    settings.write_text("[General]\nname=Ä\n\n[python]\nenable_other=true\n", encoding="utf-8")
    home.krita.plugin_folder.mkdir(parents=True)
    (home.krita.plugin_folder / "of_an_older_version.py").write_text("")
    home.put(home.krita)
    once = home.below()
    home.put(home.krita)
    record = ".local/share/anycost-face-editor/record.json"  # says when
    assert {**once, record: b""} == {**home.below(), record: b""}
    assert not [path for path in once if "older" in path]


def test_the_zip_has_the_same_bytes_each_time() -> None:
    archives = []
    for _ in range(2):
        with plugin_archive.pyzmq_wheels(ROOT, fake_pip, print) as wheels:
            archives.append(plugin_archive.build_archive("Krita", ROOT, wheels))
    assert archives[0] == archives[1]


@pytest.mark.skipif(not IMPORTER.is_file(), reason="there is no Krita here whose importer could be asked")
def test_krita_s_own_importer_takes_the_zip(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put(home.krita)
    monkeypatch.setattr(builtins, "i18n", str, raising=False)
    spec = importlib.util.spec_from_file_location("plugin_importer", IMPORTER)
    assert spec
    assert spec.loader
    importer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(importer)
    resources = tmp_path / "resources"
    resources.mkdir()
    archive = home.paths.data / "plug-ins" / "anycost_krita.zip"
    (imported,) = importer.PluginImporter(str(archive), str(resources), lambda plugin: True).import_all()
    assert (imported["name"], imported["action"]) == ("anycost_krita", "anycost_krita.action")
    installed = {path.relative_to(home.krita.folder): path for path in home.krita.folder.rglob("*") if path.is_file()}
    by_importer = {path.relative_to(resources): path for path in resources.rglob("*") if path.is_file()}
    assert {path: file.read_bytes() for path, file in by_importer.items()} == {
        path: file.read_bytes() for path, file in installed.items()
    }


@pytest.mark.parametrize("name", ["../outside.py", "/etc/outside"])
def test_an_archive_that_names_places_outside_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, "")
    with pytest.raises(InstallError, match="is damaged"):
        plugin_archive.read_members(tmp_path / "x.zip")


def test_an_incomplete_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="complete checkout"):
        plugin_archive.build_archive("Krita", tmp_path / "nowhere", [])


def test_the_pinned_pyzmq_is_vendored(tmp_path: Path) -> None:
    asked: list[str] = []
    plugin_archive.vendor_pyzmq(tmp_path / "zmq", "3.11", ROOT, lambda arguments: bool(asked.extend(arguments)))
    (listed,) = (tmp_path / "zmq.txt").read_text().splitlines()
    assert listed.startswith(f"pyzmq=={pinned_version(ROOT, 'pyzmq')} --hash=sha256:")
    assert asked[asked.index("--requirement") + 1] == str(tmp_path / "zmq.txt")
    assert "--require-hashes" in asked
    assert asked[asked.index("--python-version") + 1] == "3.11"
