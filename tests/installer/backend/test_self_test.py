"""The self-test with a real backend, and its message when the backend does not start."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anycost_installer import cli
from anycost_installer.backend import self_test
from anycost_installer.commands import install
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.paths import paths_of
from anycost_installer.core.progress import Progress
from anycost_installer.plugins import installation
from anycost_models.core import paths as model_paths
from anycost_models.core.signed_cache import key_path, own_key
from installed_home import PYTHON, fake_pip


@pytest.fixture
def real_home(tmp_path: Path) -> Iterator[Path]:
    """With this machine's models and graphs."""
    paths = paths_of(tmp_path / "Jörg Müller 画")
    paths.data.mkdir(parents=True)
    paths.cache.mkdir(parents=True)
    (paths.data / "models").symlink_to(model_paths.models_dir())
    own_key(make=True)
    (paths.data / key_path().name).symlink_to(key_path())
    for name in ("graphs", "times"):
        (model_paths.cache_dir() / name).mkdir(parents=True, exist_ok=True)
        (paths.cache / name).symlink_to(model_paths.cache_dir() / name)
    yield paths.home
    for link in (paths.data / "models", paths.cache / "graphs", paths.cache / "times"):
        link.unlink()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="folders are linked")
def test_the_self_test_draws_a_face_through_the_plug_in_that_was_put_in_place(real_home: Path) -> None:
    machine = cli.this_machine(real_home)
    (host,) = install.select_hosts(machine, only_krita=False, only_gimp=True)
    with installation.installed_plugins(ROOT, PYTHON, machine.paths, [host], fake_pip, Progress(io.StringIO())):
        pass
    for folder in (host.plugin_folder / "vendor").glob(
        "cp*"
    ):  # the fake pyzmq; that of the environment is used instead
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    tested = self_test.self_test(PYTHON, host.plugin_folder / "vendor", machine.paths, Progress(io.StringIO()))
    assert tested.program.startswith("anycost ")
    assert tested.milliseconds > 0
    assert "self-test" in (machine.paths.cache / "logs" / "backend.log").read_text()


def test_a_backend_that_does_not_start_is_told_with_what_repairs_it(tmp_path: Path) -> None:
    paths, out = paths_of(tmp_path), Progress(io.StringIO())
    with pytest.raises(self_test.SelfTestFailed, match=r"cannot be run .* run 'python3 installer repair'"):
        self_test.self_test(tmp_path / "no python", ROOT / "plugin", paths, out)
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    python = bare / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    with pytest.raises(self_test.SelfTestFailed, match=r"(zmq|anycost_backend|ended).* run 'python3 installer repair'"):
        self_test.self_test(python, ROOT / "plugin", paths, out)
