"""`install` from the command line to the self-test; it uses this environment, and fetches no models."""

import io
import json
import sys
from pathlib import Path

import pytest
from anycost_installer import cli
from anycost_installer.backend import self_test
from anycost_installer.commands import arguments as words
from anycost_installer.commands import install
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.paths import paths_of
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.plugins.install_record import read_record
from installed_home import PYTHON, fake_pip

INSTALLER = ROOT / "installer"


@pytest.fixture
def home(tmp_path: Path, home_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replaces what takes minutes: making the environment, fetching, fake_pip, and the self-test."""
    tested = self_test.SelfTestResult(85.0, 900.0, 1.9, "embedded", "anycost 0.1.0")
    part = backend_venv.PlannedPart("the backend", tmp_path / "environments", 1_500_000_000, 500_000_000)
    for module, name, replacement in (
        (backend_venv, "plan", lambda root, paths, bundle: [part]),
        (backend_venv, "prepare", lambda *arguments: PYTHON),
        (backend_venv, "remove_old_environments", lambda *arguments: []),
        (install, "fetch_models", lambda *arguments: None),
        (install, "pip_install_with", lambda *arguments: fake_pip),
        (install, "self_test", lambda *arguments: tested),
    ):
        monkeypatch.setattr(module, name, replacement)
    return home_folder


def run(*command: str, home: Path) -> int:
    return cli.main([*command, "--prefix", str(home)])


def there(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("anycost_*") if path.suffix in ("", ".zip"))


def test_it_says_what_it_will_do_with_sizes_and_a_dry_run_does_nothing(home: Path, capsys) -> None:
    assert run("install", "--krita", "--gimp", "--dry-run", home=home) == 0
    said = capsys.readouterr().out
    for text in (
        "1.5 GB  the backend",
        "8.5 MB  the plug-in in Krita",
        "one line  that enables it",
        "500 MB to be d",
    ):
        assert text in said
    assert str(home / ".local/share/krita/pykrita/anycost_krita") in said or sys.platform != "linux"
    assert list(home.iterdir()) == []


def test_installed_repaired_and_removed_by_command(home: Path, capsys) -> None:
    assert run("install", "--krita", "--gimp", "--yes", home=home) == 0
    said = capsys.readouterr().out
    assert "choose Filter > Edit Face…" in said
    assert "choose Filters > Face > Edit Face…" in said
    assert "Tools > Scripts > Import Python Plugin from File…" in said
    assert {"anycost_krita", "anycost_gimp", "anycost_krita.zip"} <= set(there(home))
    assert run("remove", "--yes", home=home) == 0
    assert there(home) == []
    assert run("remove", "--yes", home=home) == 0
    assert "Nothing is installed here." in capsys.readouterr().out


def test_the_answer_in_json_stands_alone_on_standard_output(home: Path, capfd) -> None:
    assert run("install", "--krita", "--json", home=home) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["done"]
    assert answer["self_test"]["ok"]
    assert [host["program"] for host in answer["hosts"]] == ["Krita"]
    assert answer["size"] == 1_500_000_000 + install.ARCHIVE_BYTES + install.PLUGIN_BYTES
    assert run("doctor", "--json", home=home) in (0, 1)
    assert json.loads(capfd.readouterr().out)["installed"]["version"] == answer["version"]


@pytest.mark.parametrize(("typed", "flags", "done"), [("n\n", [], False), ("\n", [], True), ("n\n", ["--yes"], True)])
def test_it_asks_and_does_what_is_answered(
    home: Path, monkeypatch: pytest.MonkeyPatch, typed: str, flags: list[str], done: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))  # also without a terminal: echo n | …
    assert run("install", "--krita", *flags, home=home) == 0
    assert bool(there(home)) == done


def test_where_nobody_can_answer_nothing_is_changed(home: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    for command in (["install", "--krita"], ["update"], ["remove"]):
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        assert run(*command, home=home) == 2
        assert "installer: nobody answered: add --yes to go on without a question" in capsys.readouterr().err
    assert there(home) == []


def test_a_failed_self_test_is_told_and_is_exit_code_1(home: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def fails(*arguments: object) -> None:
        raise self_test.SelfTestFailed("the self-test failed: no picture", "run 'python3 installer repair'")

    monkeypatch.setattr(install, "self_test", fails)
    assert run("install", "--krita", "--yes", home=home) == 1
    assert "installer: the self-test failed: no picture; run 'python3 installer repair'" in capsys.readouterr().err
    assert read_record(paths_of(home))  # so that repair knows what to look at
    assert there(home)


def test_a_version_that_works_is_not_given_up_for_one_that_does_not(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def fails(*arguments: object) -> None:
        raise self_test.SelfTestFailed("the self-test failed: no picture", "run …")

    assert run("install", "--krita", "--yes", home=home) == 0
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    monkeypatch.setattr(install, "self_test", fails)
    assert run("install", "--krita", "--gimp", "--yes", home=home) == 1
    assert "0.1.0, which was there before, stays as it was" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_an_editor_that_is_open_is_to_be_restarted(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(install, "running_editors", lambda: ["Krita"])
    out = io.StringIO()
    machine = cli.this_machine(home)
    hosts = install.select_hosts(machine, only_krita=True, only_gimp=True)
    here = type(machine)(machine.platform, home)  # a home of one's own
    install.print_next_steps(hosts, here, machine.paths, Progress(out))
    assert "Krita is running: restart it and choose" in out.getvalue()
    assert "Start GIMP and choose" in out.getvalue()


def test_a_prefix_that_is_a_file_is_refused(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert run("doctor", home=tmp_path / "file") == 2
    assert "is not a folder" in capsys.readouterr().err


def test_every_command_explains_itself() -> None:
    for command in ("install", "update", "repair", "remove", "doctor", "bundle", "build", "demo", "test"):
        with pytest.raises(SystemExit) as ended:
            words.parser().parse_args([command, "--help"])
        assert ended.value.code == 0
