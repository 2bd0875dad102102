"""The wheel and the sdist: the same bytes from any copy of the checkout, and with just what belongs in them."""

import importlib.metadata
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from anycost_installer.core.checkout import ROOT, project_version
from anycost_installer.core.errors import InstallError
from anycost_installer.environment.build_venv import locked_setuptools
from anycost_installer.release import distribution
from anycost_installer.release.distribution import (
    PACKAGES,
    TOP_LEVEL_FILES,
    build,
    source_date,
    source_digest,
    source_files,
)

PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """This project's sources, with weights cut short: packing those takes long."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in source_files(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (ROOT / path).open("rb") as file:
            (folder / path).write_bytes(file.read(100_000))
    return folder


@pytest.fixture(scope="module")
def copy(checkout, tmp_path_factory) -> Path:
    """The same sources elsewhere, later, with other permissions, and with what work leaves behind."""
    folder = shutil.copytree(checkout, tmp_path_factory.mktemp("copy") / "Kopie ünd 家")
    for path in source_files(folder):
        (folder / path).chmod(0o600)
        os.utime(folder / path, (10**9, 10**9))
    (folder / "backend" / "anycost_backend" / "__pycache__").mkdir()
    (folder / "backend" / "anycost_backend" / "__pycache__" / "left.pyc").write_bytes(b"left")
    (folder / "build" / "lib" / "anycost_backend").mkdir(parents=True)
    (folder / "build" / "lib" / "anycost_backend" / "removed_long_ago.py").write_text("")
    return folder


@pytest.fixture(scope="module", autouse=True)
def fixed_date():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # as both would have by the last commit
        yield


def build_both(kind: str, checkout: Path, copy: Path, folder: Path) -> list[Path]:
    """The second one by somebody who lets nobody else read files."""
    first = build(kind, PYTHON, checkout, folder / "1")
    before = os.umask(0o077)
    try:
        return [first, build(kind, PYTHON, copy, folder / "2")]
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def setuptools() -> None:
    """Of another release the bytes are others."""
    version = importlib.metadata.version("setuptools")
    if not locked_setuptools(ROOT).startswith(f"setuptools=={version} "):
        pytest.skip(f"this environment has setuptools {version}")


def test_the_wheel_is_the_same_wherever_it_is_built(setuptools, checkout, copy, tmp_path):
    first, second = build_both("wheel", checkout, copy, tmp_path)
    assert first.name == f"anycost_face_editor-{project_version(ROOT)}-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()

    assert sum((ROOT / path).stat().st_size for path in source_files(ROOT)) < 80e6
    with zipfile.ZipFile(first) as wheel:
        names = set(wheel.namelist())
        assert (
            "anycost = anycost_backend.__main__:main"
            in wheel.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
        )
    packages = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert packages == {"anycost_models", "anycost_backend", "anycost_client"}
    wanted = {Path(*path.parts[1:]).as_posix() for path in source_files(checkout) if path.suffix == ".py"}
    assert {name for name in names if name.endswith(".py")} == wanted
    for weights in ("mobile", "encoder", "directions"):
        assert f"anycost_models/weights/{weights}.safetensors" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_so_is_the_sdist_and_the_wheel_can_be_built_from_it(setuptools, checkout, copy, tmp_path):
    first, second = build_both("sdist", checkout, copy, tmp_path)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        members = {member.name.partition("/")[2]: member for member in archive.getmembers()}
        assert {member.mtime for member in members.values()} == {1_700_000_000}
        assert {member.uid for member in members.values()} == {0}
    lacking = {path.as_posix() for path in source_files(checkout)} - set(members)
    assert not {path for path in lacking if path.endswith((".py", ".safetensors", ".json", ".toml", "LICENSE"))}


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    for name in PACKAGES:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "module.py").write_text("")
    for name in TOP_LEVEL_FILES:
        (tmp_path / name).write_text(name)
    return tmp_path


def test_only_what_is_built_changes_the_digest(tiny):
    first = source_digest(tiny)
    (tiny / "docs").mkdir()
    (tiny / "docs" / "page.md").write_text("words")
    (tiny / PACKAGES[0] / "__pycache__").mkdir()
    (tiny / PACKAGES[0] / "__pycache__" / "module.pyc").write_text("")
    assert source_digest(tiny) == first
    (tiny / PACKAGES[0] / "module.py").write_text("changed = True")
    assert source_digest(tiny) != first


def test_an_incomplete_checkout_is_told(tiny):
    (tiny / "LICENSE").unlink()
    with pytest.raises(InstallError, match="complete checkout"):
        source_files(tiny)


def test_what_setuptools_says_is_told_and_nothing_gets_a_name(tiny, tmp_path):
    (tiny / "pyproject.toml").write_text('[project]\nname = "tiny"\n')
    with pytest.raises(InstallError, match="building the wheel failed"):
        build("wheel", PYTHON, tiny, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_the_date_is_the_commits_or_the_earliest(tmp_path, monkeypatch):
    assert source_date(tmp_path) == 1_700_000_000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    assert source_date(tmp_path) == distribution.ZIP_EPOCH
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert source_date(tmp_path) == distribution.ZIP_EPOCH  # no commits there
    if (ROOT / ".git").exists():
        assert source_date(ROOT) > 1_700_000_000
