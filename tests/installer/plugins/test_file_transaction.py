"""All files are installed or none, whatever fails; interrupted runs are continued."""

import os
from pathlib import Path

import pytest
from anycost_installer.core.checkout import ROOT as CHECKOUT
from anycost_installer.core.errors import InstallError
from anycost_installer.plugins import transaction
from anycost_installer.plugins.installation import installed_plugins
from anycost_installer.plugins.transaction import Content, FileTransaction
from installed_home import Home

AS_ROOT = os.name == "posix" and os.geteuid() == 0


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
