"""`install --krita` and `remove --krita`: what is put where, twice as well as once, and how it goes away again."""

import json
import subprocess
import sys
from pathlib import Path

import krita_plugin
import pytest
from anycost_client import launch, places
from checkout import ROOT, pinned
from errors import InstallError
from krita_profiles import Profile, candidates, find

INSTALLER = ROOT / "installer"
PYTHON = Path(sys.executable)


def pip(arguments: list[str]) -> bool:
    """Stands in for `pip install --target FOLDER …`; there is no wheel for Python 3.10."""
    folder = Path(arguments[arguments.index("--target") + 1])
    (folder / "zmq").mkdir(parents=True)
    (folder / "zmq" / "__init__.py").write_text("version = '1'\n")
    (folder / "bin").mkdir()
    return "3.10" not in arguments


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return find(tmp_path)[0]


def put(profile: Profile) -> list[str]:
    notes: list[str] = []
    krita_plugin.put(profile, ROOT, PYTHON, pip, notes.append)
    return notes


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_plug_in_comes_with_all_that_it_needs(profile):
    notes = put(profile)
    plugin = profile.plugins / "anycost_krita"
    assert (plugin / "__init__.py").is_file()
    assert (plugin / "vendor" / "anycost_client" / "wire.py").is_file()
    assert sorted(path.name for path in (plugin / "vendor").iterdir()) == ["anycost_client", "cp311", "cp312"]
    assert not (plugin / "vendor" / "cp311" / "bin").exists()
    assert (profile.plugins / "anycost_krita.desktop").is_file()
    assert (profile.actions / "anycost_krita.action").is_file()
    assert "enable_anycost_krita=true" in profile.settings.read_text()
    assert len(notes) == 1
    assert "3.10" in notes[0]
    assert not [path for path in below(plugin) if path.endswith((".part", ".pyc"))]


def test_the_client_finds_the_backend_that_the_installer_named(profile, tmp_path, monkeypatch):
    monkeypatch.delenv("ANYCOST_HOME", raising=False)
    monkeypatch.delenv("ANYCOST_PYTHON", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ".local" / "share"))
    put(profile)
    assert places.data_dir() / "backend.json" == profile.backend
    assert launch.backend_python() == PYTHON


def test_installing_again_changes_nothing_and_removing_leaves_nothing(profile, tmp_path):
    profile.settings.parent.mkdir(parents=True)
    before = "[General]\nname=Ä\n\n[python]\nenable_other=true\n"
    profile.settings.write_text(before, encoding="utf-8")
    empty = below(tmp_path)
    put(profile)
    once = {path: (tmp_path / path).read_bytes() for path in below(tmp_path) if (tmp_path / path).is_file()}
    (profile.plugins / "anycost_krita" / "left_over.py").write_text("")
    put(profile)
    assert once == {path: (tmp_path / path).read_bytes() for path in below(tmp_path) if (tmp_path / path).is_file()}

    assert len(krita_plugin.take(profile)) == 5
    assert profile.settings.read_text(encoding="utf-8") == before
    assert not [path for path in below(tmp_path) - empty if "anycost" in path]
    assert krita_plugin.take(profile) == []


def test_a_plug_in_that_cannot_be_replaced_stays_as_it_was(profile, monkeypatch):
    put(profile)
    replace, failing = krita_plugin.os.replace, []

    def full(source, target):
        if str(source).endswith(".part") and Path(source).is_dir() and not failing:
            failing.append(source)
            raise OSError("no space left on device")
        replace(source, target)

    monkeypatch.setattr(krita_plugin.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        put(profile)
    assert (profile.plugins / "anycost_krita" / "__init__.py").is_file()


@pytest.mark.parametrize(
    "settings",
    ["", "[General]\na=1\n", "[python]\nenable_other=true\n", "[python]\n\n[Zoom]\nz=1\n", "[a]\n[python]\nx=1\n[b]\n"],
)
def test_krita_s_settings_are_otherwise_kept(settings):
    on = krita_plugin.enabled(settings)
    assert on.count("[python]\nenable_anycost_krita=true\n") == 1
    assert krita_plugin.enabled(on) == on
    kept = [line for line in settings.splitlines() if line and line != "[python]"]
    assert [line for line in on.splitlines() if line in kept] == kept
    off = krita_plugin.disabled(on)
    assert "anycost" not in off
    assert [line for line in off.splitlines() if line in kept] == kept


def test_an_incomplete_checkout_is_told(profile, tmp_path):
    with pytest.raises(InstallError, match="complete checkout"):
        krita_plugin.put(profile, tmp_path / "nowhere", PYTHON, pip, print)


def test_where_kritas_are(tmp_path):
    home = tmp_path
    (home / ".var" / "app" / "org.kde.krita").mkdir(parents=True)
    usual, flatpak = candidates("linux", home, {"PATH": ""})
    assert (usual.found, flatpak.found) == (False, True)
    assert usual.plugins == home / ".local" / "share" / "krita" / "pykrita"
    assert usual.settings == home / ".config" / "kritarc"
    assert flatpak.plugins == home / ".var/app/org.kde.krita/data/krita/pykrita"

    (home / "AppData/Local/Packages/49800Krita_x7/LocalCache").mkdir(parents=True)
    (home / "AppData/Roaming/krita").mkdir(parents=True)
    usual, store = candidates("win32", home, {})
    assert usual.found
    assert usual.plugins == home / "AppData/Roaming/krita/pykrita"
    assert usual.backend == home / "AppData/Local/anycost-face-editor/backend.json"
    assert store.plugins == home / "AppData/Local/Packages/49800Krita_x7/LocalCache/Roaming/krita/pykrita"

    (mac,) = candidates("darwin", home, {})
    assert mac.plugins == home / "Library/Application Support/krita/pykrita"


def test_the_pinned_pyzmq_is_vendored(tmp_path):
    asked: list[str] = []
    krita_plugin.vendor_zmq(tmp_path / "zmq", "3.11", ROOT, lambda arguments: bool(asked.extend(arguments)))
    assert f"pyzmq=={pinned(ROOT, 'pyzmq')}" in asked
    assert asked[asked.index("--python-version") + 1] == "3.11"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path):
    def run(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, INSTALLER, *words, "--krita", "--dry-run", "--prefix", tmp_path]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    for command in ("install", "remove"):
        done = run(command)
        assert done.returncode == 0, done.stderr
        assert str(tmp_path / ".local/share/krita/pykrita/anycost_krita") in done.stdout
    assert below(tmp_path) == set()


def test_removing_where_nothing_is_says_so(tmp_path):
    command = [sys.executable, INSTALLER, "remove", "--krita", "--prefix", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "nothing of ours is there" in done.stdout


def test_the_backend_note_is_plain_json(profile):
    put(profile)
    assert json.loads(profile.backend.read_text()) == {"python": str(PYTHON)}
