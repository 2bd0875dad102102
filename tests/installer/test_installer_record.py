"""What was put where is recorded; all of it is put there or none; and it goes away again without a trace."""

import json
import os
from pathlib import Path

import pytest
from anycost_installer.commands import remove as run_remove
from anycost_installer.commands.install import missing_folders
from anycost_installer.core.checkout import ROOT as CHECKOUT
from anycost_installer.core.errors import InstallError
from anycost_installer.plugins import transaction
from anycost_installer.plugins.install_record import file_state, read_record
from anycost_installer.plugins.installation import installed_plugins
from anycost_installer.plugins.transaction import Content, FileTransaction
from installed_home import PYTHON, Home

AS_ROOT = os.name == "posix" and os.geteuid() == 0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "Jörg Müller 画"
    folder.mkdir()
    return Home(folder)


def remove(home: Home, **options: object) -> dict[str, object]:
    return run_remove.remove(home.machine, run_remove.Options(**options), home.progress)[1]  # type: ignore[arg-type]


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


def test_a_failure_inside_the_block_brings_the_former_plug_ins_back(home: Home) -> None:
    home.put(home.krita)
    before = home.below()
    without_wheels = installed_plugins(  # another plug-in than before
        CHECKOUT, Path("/newer/python"), home.paths, [home.krita, home.gimp], lambda arguments: False, home.progress
    )

    def fail_inside() -> None:
        with without_wheels:
            assert not (home.krita.plugin_folder / "vendor" / "cp312").exists()
            assert home.gimp.plugin_folder.is_dir()
            raise InstallError("the self-test failed", "run it again")

    with pytest.raises(InstallError, match="the self-test failed"):
        fail_inside()
    assert home.below() == before


@pytest.mark.parametrize("number", [0, 1, 4, 6])
def test_whatever_step_fails_all_is_as_before(home: Home, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    home.put(home.krita)
    before = home.below()
    replace_file, calls = os.replace, []

    def full(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == number + 1:
            raise OSError(28, "No space left on device")
        replace_file(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(transaction.os, "replace", full)
        with pytest.raises(InstallError, match=r"No space left on device.*nothing was changed"):
            home.put(home.krita, home.gimp)
    assert home.below() == before


@pytest.mark.skipif(AS_ROOT or os.name != "posix", reason="root may write everywhere")
def test_a_read_only_profile_is_told_by_the_system(home: Home) -> None:
    home.gimp.plugins_folder.mkdir(parents=True)
    home.gimp.plugins_folder.chmod(0o500)
    before = home.below()
    with pytest.raises(InstallError, match=r"cannot be written .*; nothing was changed: make .* writable for you"):
        home.put(home.krita, home.gimp)
    home.gimp.plugins_folder.chmod(0o700)
    assert home.below() == before


def test_a_read_only_profile_is_told_and_nothing_is_half_done(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, also where the tests run as root: the folder is made by nobody."""
    home.gimp.plugins_folder.mkdir(parents=True)
    before = home.below()
    mkdir = Path.mkdir

    def refused(self: Path, *arguments: object, **options: object) -> None:
        if self.parent == home.gimp.plugins_folder:
            raise PermissionError(13, "Permission denied", str(self))
        mkdir(self, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refused)
        with pytest.raises(InstallError, match=r"nothing was changed: make .*plug-ins writable for you"):
            home.put(home.krita, home.gimp)
    assert home.below() == before


def test_what_a_run_that_was_cut_off_left_is_put_right(tmp_path: Path) -> None:
    target = tmp_path / "anycost_krita"
    (tmp_path / "anycost_krita.old").mkdir()  # cut off between the two renames
    (tmp_path / "anycost_krita.old" / "a.py").write_text("old")
    (tmp_path / "anycost_krita.part").mkdir()
    again = FileTransaction()
    again.add_folder(target, {"b/a.py": Content(b"new", executable=True)})
    assert (target / "a.py").read_text() == "old"
    again.apply()
    again.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anycost_krita"]
    assert os.access(target / "b" / "a.py", os.X_OK)


def test_removing_leaves_no_trace(home: Home) -> None:
    before = home.below()
    made = missing_folders(home.paths)
    environment = home.paths.data / "environments" / "0.1.0-0" / "bin"
    for folder in (environment, home.paths.data / "models", home.paths.cache / "latents", home.paths.run):
        folder.mkdir(parents=True)
    home.put(home.krita, home.gimp, python=environment / "python", created_folders=made)
    (home.krita.plugin_folder / "__pycache__").mkdir()
    kept = remove(home)
    assert [path for path in home.below() if not path.endswith("/")] == []
    assert (home.paths.data / "models").is_dir()
    assert "the models" in str(kept["kept"])
    (home.paths.data / "models").rmdir()

    home.put(home.krita, home.gimp, python=environment / "python", created_folders=made)
    (home.paths.data / "models").mkdir()
    remove(home, models="remove")
    assert home.below() == before
    assert remove(home) == {"removed": [], "kept": [], "done": True}


def test_what_was_there_before_stays(home: Home) -> None:
    settings, other = home.krita.settings, home.krita.plugins_folder / "other"
    assert settings
    settings.parent.mkdir(parents=True)
    settings.write_text("[General]\nname=Ä\n", encoding="utf-8")
    other.mkdir(parents=True)
    before = home.below()
    home.put(home.krita, created_folders=missing_folders(home.paths))
    remove(home)
    assert home.below() == before


def test_the_last_editor_takes_the_backend_along_and_the_first_does_not(home: Home) -> None:
    home.put(home.krita, home.gimp)
    remove(home, krita=True)
    assert not home.krita.plugin_folder.exists()
    assert (home.paths.data / "backend.json").is_file()
    assert home.record.hosts == (home.gimp,)
    assert {file_state(entry) for entry in home.record.of_kind("file") if entry.host} == {"ok"}
    remove(home, gimp=True)
    assert [path for path in home.below() if not path.endswith("/")] == []


def test_presets_stay_unless_asked_for(home: Home) -> None:
    home.put(home.krita)
    for folder in (home.paths.data / "presets", home.krita.folder / "anycost_krita" / "presets"):
        folder.mkdir(parents=True)
        (folder / "mine.json").write_text("{}")
    remove(home)
    assert [path for path in home.below() if path.endswith("mine.json")] != []
    home.put(home.krita)
    remove(home, presets="remove")
    assert [path for path in home.below() if not path.endswith("/")] == []


def test_a_plug_in_without_a_record_or_with_a_damaged_one_goes_too(home: Home) -> None:
    for damage in (lambda file: file.unlink(), lambda file: file.write_text("{")):
        home.put(home.krita, home.gimp)
        damage(home.paths.data / "record.json")
        remove(home)
        assert [path for path in home.below() if not path.endswith("/")] == []


def test_a_dry_run_says_what_it_would_remove_and_removes_nothing(home: Home) -> None:
    home.put(home.krita)
    before = home.below()
    remove(home, dry_run=True)
    assert f"Would remove {home.krita.plugin_folder}" in home.printed.getvalue()
    assert home.below() == before
