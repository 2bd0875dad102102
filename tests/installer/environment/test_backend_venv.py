"""The backend's environment in the user's data folder: locked, hashed, and complete or marked as incomplete."""

import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from anycost_installer.core.errors import InstallError
from anycost_installer.core.file_lock import file_lock
from anycost_installer.core.paths import paths_of
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv, pip, venv
from anycost_installer.environment.backend_venv import backend_environment, plan, prepare, remove_old_environments
from anycost_installer.environment.venv import STAMP, Environment
from tiny_release import Release, imported

pytestmark = pytest.mark.slow  # real environments are made

WHERE = "Zuhause ünd 家"  # spaces and letters of other scripts, in every test


@pytest.fixture(scope="module")
def release(tmp_path_factory, module_patch) -> Release:
    folder = tmp_path_factory.mktemp("private") / WHERE
    folder.mkdir()
    release = Release(folder)
    for name, value in release.pip_variables().items():
        module_patch.setenv(name, value)
    module_patch.setattr(venv, "BYTES", (0, 0))
    release.lock()
    return release


@pytest.fixture(scope="module")
def paths(release):
    return paths_of(release.root.parent / "home")


@pytest.fixture(scope="module")
def python(release, paths) -> Path:
    """Of one environment for all tests that change nothing in it."""
    return prepare(release.root, paths, None, Progress(io.StringIO()))


def steps(release, paths, **options) -> list[str]:
    progress = Progress(io.StringIO())
    prepare(release.root, paths, None, progress, **options)
    return list(progress.seconds)


def test_it_has_what_was_locked_and_a_copy_of_the_project(release, paths, python):
    assert python.is_relative_to(paths.data / "environments")
    assert imported(python, "scipy.fast") == "True"
    assert imported(python, "built.made") == "here"  # came as source
    assert imported(python, "anycost_backend.version") == "1.0"
    for module in ("anycost_models", "anycost_backend", "anycost_client"):
        assert Path(imported(python, f"{module}.__file__")).is_relative_to(python.parent.parent)


def test_a_complete_one_is_left_alone_and_nothing_is_planned(release, paths, python):
    (paths.data / "models").mkdir(exist_ok=True)
    assert steps(release, paths) == []
    assert plan(release.root, paths, None) == []


def test_the_checkout_may_go_away(release, python, tmp_path):
    assert str(release.root) not in imported(python, "sys.path")
    hidden = release.root.rename(tmp_path / "gone")
    try:
        assert imported(python, "anycost_backend.version") == "1.0"
    finally:
        hidden.rename(release.root)


def test_cut_off_while_packages_are_copied_it_is_continued(release, paths, python):
    """As when the power fails: the stamp is gone before anything changes, and INSTALLER comes last."""
    (python.parent.parent / STAMP).unlink()
    site = next(python.parent.parent.glob("**/site-packages"))
    for name in ("numpy", "scipy"):
        (next(site.glob(f"{name}-*.dist-info")) / "INSTALLER").unlink()
        (site / f"{name}.py").unlink()
    assert len(plan(release.root, paths, None)) == 1
    assert "Making the private environment" not in " ".join(steps(release, paths))
    assert imported(python, "numpy.__name__") == "numpy"
    assert imported(python, "scipy.fast") == "True"


def test_asked_for_again_every_package_is_looked_at(release, paths, python, monkeypatch):
    looked_at = []
    monkeypatch.setattr(backend_venv, "_fill", lambda *arguments: looked_at.append(arguments[0].folder))
    steps(release, paths)
    steps(release, paths, recheck=True)
    assert looked_at == [python.parent.parent]


def test_two_at_once_do_not_meet(release, paths, python):
    (python.parent.parent / STAMP).rename(python.parent.parent / "stamp")
    with file_lock(paths.data / "environments"), pytest.raises(InstallError, match="another installer is at work"):
        steps(release, paths)
    (python.parent.parent / "stamp").rename(python.parent.parent / STAMP)
    assert steps(release, paths) == []


@pytest.fixture
def fresh(tmp_path, monkeypatch) -> Release:
    """A release that a test may damage."""
    folder = tmp_path / WHERE
    folder.mkdir()
    release = Release(folder)
    for name, value in release.pip_variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(venv, "BYTES", (0, 0))
    release.lock()
    return release


def test_whatever_fails_nothing_counts_as_complete_and_the_next_run_goes_on(fresh, tmp_path, monkeypatch):
    paths = paths_of(tmp_path / "home")

    def failing(match: str) -> str:
        with pytest.raises(InstallError, match=match) as caught:
            prepare(fresh.root, paths, None, Progress(io.StringIO()))
        environment = backend_environment(fresh.root, paths, None)
        assert environment.stamp() is None
        assert not (paths.data / "backend.json").exists()
        assert str(environment.log) in str(caught.value)
        return str(caught.value)

    with monkeypatch.context() as patch:
        patch.delenv("PIP_NO_INDEX")
        patch.setenv("PIP_FIND_LINKS", "")
        patch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
        patch.setenv("PIP_RETRIES", "1")
        failing(r"cannot be reached; check the network, HTTPS_PROXY")

    locked = fresh.alter("scipy")
    failing("not the one that was locked")

    fresh.restore(locked)
    python = prepare(fresh.root, paths, None, Progress(io.StringIO()))
    assert imported(python, "scipy.fast") == "True"


def test_other_releases_go_unless_an_editor_still_uses_them(paths, python, tmp_path):
    other = Environment(tmp_path, paths.data / "environments" / "0.9-old")
    other.python.parent.mkdir(parents=True)
    other.python.symlink_to(python.resolve())
    out = io.StringIO()
    command = [other.python, "-uc", "import sys; print(); sys.stdin.read()", "anycost_backend"]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    run.stdout.readline()  # it runs
    paths.run.mkdir(parents=True)
    (paths.run / "connection.json").write_text(json.dumps({"pid": run.pid}))
    try:
        assert remove_old_environments(paths, python.parent.parent, Progress(out)) == []
        assert "still in use" in out.getvalue()
    finally:
        run.communicate()
    assert remove_old_environments(paths, python.parent.parent, Progress(out)) == [other.folder]
    assert python.is_file()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_named(fresh, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="home"):
        prepare(fresh.root, paths_of(home), None, Progress(io.StringIO()))


@pytest.fixture
def small_disk(tmp_path):
    """1 MB of room; needs root."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_the_message_says_so_and_nothing_counts_as_complete(fresh, small_disk):
    with pytest.raises((InstallError, OSError), match=r"No space left|disk is full"):
        prepare(fresh.root, paths_of(small_disk), None, Progress(io.StringIO()))
    assert backend_environment(fresh.root, paths_of(small_disk), None).stamp() is None


def test_packages_that_lack_something_are_noticed(python, tmp_path):
    site = next(python.parent.parent.glob("**/site-packages"))
    hidden = next(site.glob("numpy-*.dist-info")).rename(tmp_path / "numpy")
    with (tmp_path / "log").open("w") as log, pytest.raises(InstallError, match=r"scipy .*requires numpy"):
        pip.check_packages(python, tmp_path, log)
    hidden.rename(site / "numpy-1.0.dist-info")


def test_the_release_is_known_by_version_and_contents(release):
    first = backend_venv.release_id(release.root, backend_venv.this_target())
    assert first.startswith("1.0-")
    file = release.root / "models" / "anycost_models" / "__init__.py"
    before = file.read_text()
    file.write_text("changed = True\n")
    assert backend_venv.release_id(release.root, backend_venv.this_target()) != first
    file.write_text(before)
    assert backend_venv.release_id(release.root, backend_venv.this_target()) == first


def test_of_two_environments_each_has_its_folder(tmp_path):
    assert Environment(tmp_path).folder == tmp_path / ".venv"
    assert Environment(tmp_path, tmp_path / "there").python.is_relative_to(tmp_path / "there")
