"""`repair` replaces what is wrong, says what it was, and touches nothing else."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from anycost_installer.backend import models as backend_models
from anycost_installer.commands import repair
from anycost_installer.commands.repair import Fault, repair_models, repair_plugins
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.hosts import kritarc
from anycost_installer.plugins.install_record import file_entry, write_record
from installed_home import PYTHON, Home, fake_pip


def no_pip(arguments: list[str]) -> bool:
    raise AssertionError("a repair of files needs no network")


def repaired(home: Home, pip_install=no_pip, python: Path = PYTHON) -> list[Fault]:
    return repair_plugins(ROOT, python, home.record, home.paths, pip_install, home.progress)


def test_where_nothing_is_wrong_nothing_is_written(home: Home) -> None:
    home.put(home.krita, home.gimp)
    times = {path: path.stat().st_mtime_ns for path in home.folder.rglob("*")}
    assert repaired(home) == []
    assert {path: path.stat().st_mtime_ns for path in home.folder.rglob("*")} == times


def test_what_is_damaged_or_missing_is_put_back_and_nothing_else(home: Home) -> None:
    home.put(home.krita, home.gimp)
    before = home.below()
    text, gone = (
        home.krita.plugin_folder / "docker" / "docker.py",
        home.krita.plugin_folder / "vendor" / "cp312" / "zmq" / "__init__.py",
    )
    same_size = home.gimp.plugin_folder / "dialog" / "dialog.py"
    text.write_text(text.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    gone.unlink()
    same_size.write_bytes(b"x" * same_size.stat().st_size)
    (home.gimp.plugin_folder / "anycost_gimp.py").chmod(0o644)  # GIMP would pass over it and say nothing
    (home.krita.actions_folder / "anycost_krita.action").unlink()
    (home.paths.data / "backend.json").write_text("{}")
    (home.krita.plugin_folder / "__pycache__").mkdir()  # Krita's Python makes those
    untouched = home.krita.plugin_folder / "base" / "text.py"
    time = untouched.stat().st_mtime_ns

    assert {(Path(fault.what).name, fault.problem) for fault in repaired(home)} == {
        ("docker.py", "damaged"),
        ("__init__.py", "missing"),
        ("dialog.py", "damaged"),
        ("anycost_gimp.py", "damaged"),
        ("anycost_krita.action", "missing"),
        ("backend.json", "damaged"),
    }
    (home.krita.plugin_folder / "__pycache__").rmdir()
    assert home.below() == before
    assert os.access(home.gimp.plugin_folder / "anycost_gimp.py", os.X_OK)
    assert untouched.stat().st_mtime_ns == time
    assert repaired(home) == []


def test_a_plug_in_that_is_gone_altogether_comes_back(home: Home) -> None:
    home.put(home.gimp)
    before = home.below()
    os.replace(
        home.gimp.plugin_folder, home.gimp.plugin_folder.with_name("anycost_gimp.old")
    )  # as a run that was cut off leaves it
    assert {fault.problem for fault in repaired(home)} == {"missing", "left over"}
    assert home.below() == before


def test_a_damaged_zip_is_made_again(home: Home) -> None:
    home.put(home.krita)
    archive = home.paths.data / "plug-ins" / "anycost_krita.zip"
    good = archive.read_bytes()
    archive.write_bytes(good[:100])
    (home.krita.plugin_folder / "base" / "text.py").unlink()
    repaired(home, fake_pip)
    assert archive.read_bytes() == good
    assert repaired(home) == []


def test_another_environment_is_named_to_the_plug_ins(home: Home) -> None:
    home.put(home.krita)
    repaired(home, fake_pip, Path("/new/python"))
    assert home.record.python == str(Path("/new/python"))
    assert repaired(home, python=Path("/new/python")) == []


def test_a_plug_in_that_was_switched_off_by_somebody_stays_off(home: Home) -> None:
    home.put(home.krita)
    settings = home.krita.settings
    assert settings
    settings.write_text("")
    assert [fault.repaired for fault in repaired(home)] == [True]
    assert kritarc.is_enabled(settings.read_text()) is True
    settings.write_text("[python]\nenable_anycost_krita=false\n")
    assert [fault.repaired for fault in repaired(home)] == [False]
    assert kritarc.is_enabled(settings.read_text()) is False


def test_what_cannot_be_repaired_is_not_half_repaired(home: Home) -> None:
    home.put(home.krita)
    record = home.record
    foreign = file_entry(home.folder / "unknown", b"", str(home.krita.plugins_folder))
    write_record(home.paths, replace(record, entries=(*record.entries, foreign)))
    (home.krita.plugin_folder / "base" / "text.py").unlink()
    before = home.below()
    with pytest.raises(InstallError, match=r"unknown cannot be repaired by itself: run 'python3 installer install'"):
        repaired(home)
    assert home.below() == before


def test_models_are_fetched_when_one_is_wrong(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = (backend_models.Model("yunet", state, 3, True) for state in ("ok", "damaged"))
    optional = backend_models.Model("identity", "missing", 3, False)
    answers, fetched = [[good, optional], [bad, optional], [good]], []
    monkeypatch.setattr(repair, "verify_models", lambda python, paths: answers.pop(0) if answers else [bad])
    monkeypatch.setattr(repair, "fetch_models", lambda *arguments: fetched.append(arguments))
    assert repair_models(PYTHON, ROOT, home.paths, None, home.progress) == []
    assert not fetched
    assert repair_models(PYTHON, ROOT, home.paths, None, home.progress) == [Fault("model yunet", "damaged")]
    with pytest.raises(InstallError, match="damaged again after they were fetched"):
        repair_models(PYTHON, ROOT, home.paths, None, home.progress)


def test_without_a_record_or_with_another_version_it_is_said_what_to_run(home: Home) -> None:
    with pytest.raises(InstallError, match="nothing is installed here: run 'python3 installer install'"):
        repair.repair(ROOT, home.machine, None, home.progress)
    home.put(home.krita)
    write_record(home.paths, replace(home.record, version="0.0.1"))
    with pytest.raises(InstallError, match=r"version 0\.0\.1 is installed.*run 'python3 installer update'"):
        repair.repair(ROOT, home.machine, None, home.progress)
