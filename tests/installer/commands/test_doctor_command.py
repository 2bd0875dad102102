"""`doctor` sees what is wrong, names what repairs it, and tells nothing that is nobody else's business."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from anycost_installer.backend import models as backend_models
from anycost_installer.commands import doctor
from anycost_installer.core.checkout import ROOT
from anycost_installer.environment import backend_venv
from anycost_installer.environment.venv import Environment
from anycost_installer.plugins.install_record import write_record
from installed_home import Home


@pytest.fixture
def home(home_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    models = [backend_models.Model("yunet", "ok", 232_589, True)]
    monkeypatch.setattr(doctor, "verify_models", lambda python, paths: models)
    return Home(home_folder)


def examined(home: Home) -> tuple[int, dict, str]:
    code, facts = doctor.doctor(ROOT, home.machine, home.progress)
    return code, json.loads(json.dumps(facts)), home.printed.getvalue()


def test_where_nothing_is_installed_it_says_what_to_run(home: Home) -> None:
    code, facts, said = examined(home)
    assert code == 1
    assert facts["problems"] == ["nothing is installed: run 'python3 installer install'"]
    assert "nothing is installed" in said


def test_a_good_installation_is_told_in_full(home: Home) -> None:
    home.put(home.krita, home.gimp)
    code, facts, said = examined(home)
    assert (code, facts["problems"]) == (0, [])
    assert facts["environment"]["works"]
    assert facts["environment"]["version"] == facts["installed"]["version"] == facts["installer"]
    assert [(host["title"], host["installed"], host["wrong"]) for host in facts["hosts"]] == [
        ("Krita", True, []),
        ("GIMP 3.0", True, []),
    ]
    assert facts["models"] == [{"name": "yunet", "state": "ok", "size": 232_589}]
    assert facts["disk"]["free"] > 0
    assert "Nothing is wrong." in said
    assert str(home.folder) not in said + json.dumps(facts, ensure_ascii=False)


def test_packages_that_are_gone_from_the_environment_are_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = home.paths.data / "environments" / "0.1.0-0"
    damaged = environment / "lib" / "python3.11" / "site-packages" / "numpy-2.0.dist-info"
    damaged.mkdir(parents=True)
    (damaged / "RECORD").write_text("numpy/core.py,sha256=abc,10\n")
    home.put(home.krita, python=environment / "bin" / "python")
    monkeypatch.setattr(backend_venv, "backend_environment", lambda *arguments: Environment(ROOT, environment))
    _, facts, _ = examined(home)
    (said,) = [problem for problem in facts["problems"] if problem.startswith("packages ")]
    assert said.startswith("packages numpy, ")
    assert {"numpy", "scipy", "pyzmq"} <= set(facts["environment"]["wrong"])
    assert said.endswith("are missing or damaged: run 'python3 installer repair'")


def test_each_fault_is_named_with_its_remedy(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put(home.krita)
    (home.krita.plugin_folder / "docker" / "docker.py").unlink()
    assert home.krita.settings
    home.krita.settings.write_text("[python]\nenable_anycost_krita=false\n")
    write_record(home.paths, replace(home.record, version="0.0.9", python="/nowhere/bin/python"))
    monkeypatch.setattr(
        doctor, "verify_models", lambda python, paths: [backend_models.Model("yunet", "damaged", 3, True)]
    )
    monkeypatch.setattr(doctor, "LOW_DISK", 1e18)
    code, facts, said = examined(home)
    assert code == 1
    for fault in (
        r"Krita: 1 files are missing or damaged: run 'python3 installer repair'",
        r"the plug-in is switched off",
        r"version 0.0.9 is installed, this installer is 0.1.0: run 'python3 installer update'",
        r"the private environment does not work: run 'python3 installer repair'",
        r"models yunet are missing or damaged: run 'python3 installer repair'",
        r"GB free: free some space",
    ):
        assert fault in "\n".join(facts["problems"])
        assert fault in said


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_keys_that_others_may_read_are_told(home: Home) -> None:
    home.put(home.krita)
    home.paths.run.mkdir(parents=True, mode=0o700)
    file = home.paths.run / "connection.json"
    file.write_text("{}")
    file.chmod(0o600)
    assert examined(home)[1]["connection"]["private"] is True
    file.chmod(0o644)
    code, facts, said = examined(home)
    assert (code, facts["connection"]["private"], facts["connection"]["mode"]) == (1, False, "644")
    assert "others may read the keys" in said


def test_a_plug_in_of_before_there_was_a_record_is_seen(home: Home) -> None:
    home.put(home.krita)
    (home.paths.data / "record.json").unlink()
    assert any("an older plug-in without a record is there" in problem for problem in examined(home)[1]["problems"])


def test_the_last_lines_of_the_log_tell_no_secrets(home: Home) -> None:
    log = home.paths.cache / "logs" / "backend.log"
    log.parent.mkdir(parents=True)
    key, id = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "5f0c" * 8
    lines = [f"line {number}" for number in range(50)]
    lines += [
        f'File "{home.folder}/photos/Anna.png", key {key} id {id}',
        'File "/usr/lib/python3.11/threading.py", line 3',
        "listening on tcp://127.0.0.1:40123",
    ]
    log.write_text("\n".join(lines), encoding="utf-8")
    said = examined(home)[1]["log"]
    assert len(said) == doctor.LOG_LINES
    for secret in (key, id, "Anna", "Jörg", "photos", "/usr/lib"):
        assert secret not in "\n".join(said)
    assert said[-2:] == ['File "…/threading.py", line 3', "listening on tcp://127.0.0.1:40123"]
