"""`update`: the new release takes the old one's place only when it works; whatever goes wrong, the old one stays."""

import io
import json
import os
from pathlib import Path

import pytest
from anycost_installer.backend import self_test
from anycost_installer.commands import update as run_update
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.core.machine import this_machine
from anycost_installer.core.paths import Paths
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv
from anycost_installer.environment.venv import Environment
from anycost_installer.hosts.find import select_hosts
from anycost_installer.plugins.install_record import read_record
from anycost_installer.plugins.installation import installed_plugins
from installed_home import fake_pip


class Installed:
    """A home with an old release in its editors, and the checkout of the next one."""

    def __init__(self, home: Path) -> None:
        self.machine = this_machine(home)
        self.paths: Paths = self.machine.paths
        self.folder = self.paths.data / "environments"
        self.old = self.environment("0.0.9-old")
        hosts = select_hosts(self.machine, True, True)
        with installed_plugins(ROOT, self.old, self.paths, hosts, fake_pip, Progress(io.StringIO())):
            pass
        self.plugin = hosts[0].plugin_folder
        (self.plugin / "old_file.py").write_text("")  # tells the old plug-in from the new
        self.printed = ""

    def environment(self, name: str) -> Path:
        """Stands in for one: its Python's path."""
        python = Environment(ROOT, self.folder / name).python
        python.parent.mkdir(parents=True)
        python.write_text("")
        return python

    def update(self, dry_run: bool = False) -> int:
        out = io.StringIO()
        try:
            return run_update.update(ROOT, self.paths, None, dry_run, Progress(out))
        finally:
            self.printed = out.getvalue()

    def used(self) -> str:
        return str(json.loads((self.paths.data / "backend.json").read_text())["python"])

    def below(self) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in self.paths.home.rglob("*") if path.is_file()}


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Installed:
    """Replaces what takes minutes: making the environment, fetching, and the self-test."""
    home = tmp_path / "Zuhause ünd 家"
    home.mkdir()
    installed = Installed(home)
    new = Environment(ROOT, installed.folder / "0.1.0-new")

    def prepare(*arguments: object) -> Path:
        return new.python if new.python.exists() else installed.environment("0.1.0-new")

    for module, name, replacement in (
        (backend_venv, "backend_environment", lambda *arguments: new),
        (backend_venv, "plan", lambda *arguments: []),
        (backend_venv, "prepare", prepare),
        (run_update, "fetch_models", lambda *arguments: None),
        (run_update, "pip_install_with", lambda *arguments: fake_pip),
        (run_update, "usable_hosts", lambda hosts, *arguments: list(hosts)),
        (
            run_update,
            "self_test",
            lambda *arguments: self_test.SelfTestResult(85.0, 900.0, 1.9, "embedded", "anycost 0.1.0"),
        ),
    ):
        monkeypatch.setattr(module, name, replacement)
    return installed


def test_the_new_one_takes_its_place_and_the_old_one_goes(installed):
    assert installed.update() == 0
    assert installed.used() == str(Environment(ROOT, installed.folder / "0.1.0-new").python)
    assert [path.name for path in installed.folder.iterdir()] == ["0.1.0-new"]
    assert not (installed.plugin / "old_file.py").exists()
    assert read_record(installed.paths).environment.name == "0.1.0-new"
    assert "Restart the editors" in installed.printed


def test_during_the_test_the_old_one_is_still_whole(installed, monkeypatch):
    seen = []
    monkeypatch.setattr(
        run_update, "self_test", lambda *arguments: seen.append((installed.used(), installed.old.exists()))
    )
    installed.update()
    assert seen == [(str(Environment(ROOT, installed.folder / "0.1.0-new").python), True)]


def test_what_is_up_to_date_is_left_alone_and_that_is_said(installed):
    installed.update()
    before = installed.below()
    assert installed.update() == 0
    assert "It is up to date. Nothing was changed." in installed.printed
    assert installed.below() == before
    plugin_file = installed.plugin / "__init__.py"
    whole = plugin_file.read_bytes()
    plugin_file.write_bytes(b"damaged")
    assert installed.update() == 0
    assert plugin_file.read_bytes() == whole


def raises(error: BaseException):
    def replacement(*arguments: object) -> None:
        raise error

    return replacement


def test_if_it_does_not_work_everything_is_as_before(installed, monkeypatch):
    before = installed.below()
    monkeypatch.setattr(
        run_update, "self_test", raises(self_test.SelfTestFailed("the self-test failed: no picture came", "run …"))
    )
    with pytest.raises(InstallError, match=r"does not work here, so .* stays as it was \(.*no picture came\); run …"):
        installed.update()
    assert installed.below() == before
    assert installed.used() == str(installed.old)
    assert read_record(installed.paths).environment.name == "0.0.9-old"


@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), OSError(28, "No space left on device"), InstallError("no network", "find one")]
)
@pytest.mark.parametrize("where", ["prepare", "fetch_models", "pip_install_with", "self_test"])
def test_stopped_anywhere_the_old_one_is_used_and_the_next_run_goes_on(installed, monkeypatch, stop, where):
    before = installed.below()
    module = backend_venv if where == "prepare" else run_update
    with monkeypatch.context() as patch:
        patch.setattr(module, where, raises(stop))
        with pytest.raises(type(stop)):
            installed.update()
    assert {path: time for path, time in installed.below().items() if "0.1.0-new" not in path} == before
    assert installed.used() == str(installed.old)
    assert installed.update() == 0
    assert [path.name for path in installed.folder.iterdir()] == ["0.1.0-new"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_plug_in_folders_that_cannot_be_written_leave_the_old_one(installed):
    installed.plugin.parent.chmod(0o500)
    try:
        with pytest.raises(InstallError, match="cannot be written"):
            installed.update()
    finally:
        installed.plugin.parent.chmod(0o700)
    assert installed.used() == str(installed.old)


def test_a_dry_run_changes_nothing(installed):
    before = installed.below()
    assert installed.update(dry_run=True) == 0
    assert installed.below() == before
    assert "Nothing was changed" in installed.printed


def test_where_nothing_is_installed_it_says_what_to_do(tmp_path):
    with pytest.raises(InstallError, match="run 'python3 installer install'"):
        run_update.update(ROOT, this_machine(tmp_path).paths, None, False, Progress(io.StringIO()))
