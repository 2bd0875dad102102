"""A bundle is made with a network and used without one; a damaged or wrong one is refused at once."""

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from anycost_installer.commands import bundle as run_bundle
from anycost_installer.commands.bundle import bundle, members, pack
from anycost_installer.core.checkout import ROOT
from anycost_installer.core.errors import InstallError
from anycost_installer.core.paths import paths_of
from anycost_installer.core.progress import Progress
from anycost_installer.environment import backend_venv, venv
from anycost_installer.lockfile.requirements import this_target
from anycost_installer.release import bundles
from anycost_installer.release.bundles import open_bundle
from anycost_installer.release.manifest import MANIFEST, Manifest, Member, parse_manifest, read_manifest
from tiny_release import Release, imported

pytestmark = pytest.mark.slow  # real environments are made

INSTALLER = ROOT / "installer"


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("bundle") / "Zuhause ünd 家"
    folder.mkdir()
    release = Release(folder)
    shutil.copytree(INSTALLER, release.root / "installer", dirs_exist_ok=True)
    release.lock()
    return release


@pytest.fixture(scope="module")
def file(release) -> Path:
    """A bundle of the tiny project, as `bundle` makes it with the index at hand."""
    models = release.root.parent / "models"
    models.mkdir()
    (models / "faces.onnx").write_bytes(b"finds faces")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in release.pip_variables().items():
            patch.setenv(name, value)
        patch.setattr("platform.system", lambda: "Linux")
        patch.setattr(run_bundle, "prepare_venv", lambda *arguments: Path(sys.executable))
        patch.setattr(run_bundle, "fetch_models", lambda *arguments: None)
        patch.setattr(run_bundle, "model_sources", lambda *arguments: [models / "faces.onnx"])
        release.lock()
        assert bundle(release.root, None, None, None, False, Progress(io.StringIO())) == 0
    (made,) = (release.root / "dist").iterdir()  # nothing else is left there
    return made


def quiet() -> Progress:
    return Progress(io.StringIO())


def test_it_holds_the_packages_the_models_the_project_and_the_installer(file):
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        manifest = parse_manifest(archive.read(MANIFEST), file)
    assert names == {member.path for member in manifest.files} | {MANIFEST}
    assert {"installer/__main__.py", "installer/requirements.json", "plugin/anycost_client/__init__.py"} <= names
    wheels = {name.split("/")[1].split("-")[0] for name in names if name.startswith("wheels/")}
    assert wheels == {"scipy", "numpy", "pyzmq", "setuptools", "built", "anycost_face_editor"}
    assert "models/faces.onnx" in names
    assert "__main__.py" in names
    assert manifest.target == this_target()
    assert str(manifest.version) in file.name


def test_an_environment_is_made_from_it_without_a_network(file, release, tmp_path, monkeypatch):
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CONSTRAINT": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(venv, "BYTES", (0, 0))
    paths = paths_of(tmp_path / "home")
    with open_bundle(file, paths, quiet()) as folder:
        assert (folder / "models" / "faces.onnx").read_bytes() == b"finds faces"
        python = backend_venv.prepare(release.root, paths, folder, quiet())
        assert backend_venv.plan(release.root, paths, folder)[0].download == 0
    assert not paths.cache.exists()  # it was unpacked for that time only
    assert imported(python, "anycost_backend.version") == "1.0"
    assert imported(python, "built.made") == "here"


def test_a_project_that_was_replaced_is_not_installed_although_the_manifest_fits(file, release, tmp_path, monkeypatch):
    """Whoever can change the wheel can change what the manifest says of it."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    (wheel,) = (folder / "wheels").glob("anycost_face_editor-*.whl")
    paths = paths_of(tmp_path / "home")
    for harm in ({"anycost_backend/__init__.py": "harm = True"}, {"harm.pth": "import os"}):
        with zipfile.ZipFile(wheel) as archive:
            files = {name: archive.read(name).decode() for name in archive.namelist()} | harm
        changed = wheel.with_name(f"changed-{wheel.name}")
        with zipfile.ZipFile(changed, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        original = wheel.read_bytes()
        changed.replace(wheel)
        (manifest,) = [read_manifest(folder)]
        fitting = dataclasses.replace(manifest, files=run_bundle.members(folder))
        (folder / MANIFEST).write_text(fitting.to_json())
        assert fitting.fingerprint != manifest.fingerprint
        with (
            open_bundle(folder, paths, quiet()) as same,
            pytest.raises(InstallError, match="is not this checkout's"),
        ):
            backend_venv.prepare(release.root, paths, same, quiet())
        wheel.write_bytes(original)
        (folder / MANIFEST).write_text(manifest.to_json())


def test_a_bundle_of_another_release_is_refused_by_a_checkout(file, release, tmp_path):
    other = tmp_path / "checkout"
    shutil.copytree(release.root, other, ignore=shutil.ignore_patterns("dist"))
    (other / "backend" / "anycost_backend" / "__init__.py").write_text("version = 'mine'")
    paths = paths_of(tmp_path / "home")
    with open_bundle(file, paths, quiet()) as folder, pytest.raises(InstallError, match="this checkout is"):
        backend_venv.prepare(other, paths, folder, quiet())


def test_it_runs_by_itself(file):
    done = subprocess.run([sys.executable, file, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "install" in done.stdout
    done = subprocess.run(
        [sys.executable, file, "update", "--dry-run", "--prefix", file.parent], capture_output=True, text=True
    )
    assert "run 'python3 installer install'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without asking them")
def test_stopped_it_leaves_nothing_unpacked_and_no_process(file, tmp_path):
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-u", file, "install", "--krita", "--yes", "--prefix", tmp_path / "home"]
    variables = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    for line in child.stdout:
        if line.startswith("Making the private environment"):
            break
    child.terminate()
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said == "installer: stopped. Run the same command again to continue\n"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not paths_of(tmp_path / "home").cache.exists()
    deadline = time.monotonic() + 60
    while group_lives(child.pid) and time.monotonic() < deadline:  # what pip had started itself ends a little later
        time.sleep(0.1)
    assert not group_lives(child.pid)


def test_the_same_contents_are_the_same_file(file, tmp_path):
    with open_bundle(file, paths_of(tmp_path), quiet()) as folder:
        assert members(folder) == read_manifest(folder).files
        for path in folder.rglob("*"):
            os.utime(path, (10**9, 10**9))
        pack(folder, read_manifest(folder), tmp_path / "again.pyz")
    assert (tmp_path / "again.pyz").read_bytes() == file.read_bytes()


def test_an_unpacked_one_serves_as_well_and_is_checked(file, tmp_path):
    folder = tmp_path / "unpacked"
    shutil.unpack_archive(file, folder, "zip")
    with open_bundle(folder, paths_of(tmp_path), quiet()) as same:
        assert same == folder
    (folder / "models" / "faces.onnx").write_bytes(b"finds harm!")
    with (
        pytest.raises(InstallError, match=r"damaged at models/faces\.onnx"),
        open_bundle(folder, paths_of(tmp_path), quiet()),
    ):
        pass


def refused(file: Path, home: Path) -> str:
    """The message; nothing is left of what was unpacked."""
    paths = paths_of(home)
    with pytest.raises(InstallError) as caught, open_bundle(file, paths, quiet()):
        pytest.fail("it was opened")
    assert not paths.cache.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_damaged_byte_is_noticed_before_anything_is_made(file, tmp_path):
    data = file.read_bytes()
    damaged = tmp_path / "damaged.pyz"
    damaged.write_bytes(data.replace(b"finds faces", b"finds harm!"))
    assert "is damaged at models/faces.onnx: get it again" in refused(damaged, tmp_path / "home")


def test_one_that_is_cut_off_or_something_else_is_noticed(file, tmp_path):
    cut = tmp_path / "cut.pyz"
    cut.write_bytes(file.read_bytes()[:-2000])
    assert "only a part of one: get it again" in refused(cut, tmp_path / "home")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a", "a")
    assert "is no bundle of this project, or" in refused(tmp_path / "other.zip", tmp_path / "home")
    assert "there is no file" in refused(tmp_path / "none.pyz", tmp_path / "home")


@pytest.mark.parametrize(
    ("system", "python", "said"),
    [
        ("windows-amd64", this_target().python, "'python3 installer bundle --system "),
        (this_target().system, "3.99", r"run the installer with python3\.99"),
    ],
)
def test_one_for_another_machine_says_what_to_do(tmp_path, system, python, said):
    manifest = Manifest("1.0", "1.0-abc", system, python, ())
    (tmp_path / MANIFEST).write_text(manifest.to_json())
    with pytest.raises(InstallError, match=said), open_bundle(tmp_path, paths_of(tmp_path), quiet()):
        pass


@pytest.mark.parametrize(
    "harm",
    [
        {"release": "../../elsewhere"},
        {"release": ""},
        {"files": [{"path": "../elsewhere", "size": 1, "sha256": "0"}]},
        {"files": [{"path": "/etc/elsewhere", "size": 1, "sha256": "0"}]},
        {"files": [{"path": "c:/elsewhere", "size": 1, "sha256": "0"}]},
        {"files": [{"path": "a", "size": -1, "sha256": "0"}]},
        {"files": 3},
        {"format": 99},
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path, harm):
    manifest = Manifest("1.0", "1.0-abc", "linux-x86_64", "3.11", (Member("a", 1, "0"),))
    text = json.dumps(json.loads(manifest.to_json()) | harm)
    with pytest.raises(InstallError):
        parse_manifest(text.encode(), tmp_path)


def test_without_room_to_unpack_it_says_how_much_is_needed(file, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(bundles.shutil, "disk_usage", lambda folder: usage(10, 9, 1000))
    assert "MB are needed to unpack" in refused(file, tmp_path / "home")


def test_a_dry_run_tells_the_sizes_and_makes_nothing(release, file):
    before = sorted(release.root.rglob("*"))
    out = io.StringIO()
    assert bundle(release.root, None, None, None, True, Progress(out)) == 0
    assert "MB  the model files" in out.getvalue()
    assert sorted(release.root.rglob("*")) == before


def test_unknown_systems_are_named_with_the_known_ones(release):
    with pytest.raises(InstallError, match=r"no bundle for amiga.*: choose linux-x86_64"):
        bundle(release.root, None, "amiga", None, True, quiet())


def test_what_an_ended_run_left_unpacked_goes(file, tmp_path):
    paths = paths_of(tmp_path)
    left = paths.cache / "bundle-999999999-abc"
    left.mkdir(parents=True)
    with open_bundle(file, paths, quiet()) as folder:
        assert list(paths.cache.iterdir()) == [folder]
