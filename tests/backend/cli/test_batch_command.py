"""`anycost batch`: a folder of photos in, the edited ones and a list out; and what it does when it is interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from anycost_backend.__main__ import main
from anycost_backend.batch import edit_one
from anycost_backend.batch import run as batch_run
from anycost_backend.batch import workers as batch_pool
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.core.errors import AnycostError
from conftest import make_home, quick_projections
from PIL import Image
from serving import share_caches

HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])
SMILE = ("--set", "smile=0.6")
SECONDS = 300  # in which anything here is done, also on a busy machine


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos of a face, one without, a damaged one, and something else."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "a.png"):
        Image.fromarray(HEAD).save(folder / name)
    Image.fromarray(np.full((90, 90, 3), 90, np.uint8)).save(folder / "none.tif")
    (folder / "odd.webp").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no photo")
    (folder / "older").mkdir()
    return folder


@pytest.fixture
def here(loaded: Models, quick: None, remembering: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches in this process, with models that are loaded already and projections of a few steps."""
    monkeypatch.setenv("ANYCOST_HOME", str(remembering))
    monkeypatch.setattr(edit_one, "_load_models", lambda model, threads: loaded)
    monkeypatch.setattr(batch_pool, "default_jobs", lambda: 1)


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory, loaded: Models) -> Path:
    """A home in which the projection of the face is remembered, so that other processes edit it soon."""
    home = make_home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        share_caches(home, patch)
        quick_projections(patch)
        Image.fromarray(HEAD).save(home / "face.png")
        Session(open_photo(home / "face.png"), loaded).project(0)
    return home


@pytest.fixture
def many(tmp_path: Path, remembering: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of eight photos of that face."""
    monkeypatch.setenv("ANYCOST_HOME", str(remembering))
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(8):
        Image.fromarray(HEAD).save(folder / f"{number}.png")
    return folder


def anycost(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """The exit code, and what was said on stdout and stderr."""
    code = main(["batch", *map(str, words)])
    said = capfd.readouterr()
    return code, said.out, said.err


def results(output: Path) -> dict[str, dict[str, Any]]:
    """By photo, none of them twice."""
    files = json.loads((output / "results.json").read_text())["files"]
    found = {entry["file"]: entry for entry in files}
    assert len(found) == len(files)
    return found


def identity(path: Path) -> tuple[int, int]:
    """Changes when the file is written anew."""
    return path.stat().st_ino, path.stat().st_mtime_ns


@pytest.mark.usefixtures("here")
def test_a_folder_is_edited_and_every_photo_accounted_for(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "edited"
    code, out, err = anycost(capfd, photos, *SMILE, "--output", output)
    assert code == 1  # one failed
    assert out == f"2 photos edited, 1 without a face, 1 failed: {output / 'results.json'} says more\n"
    assert "odd.webp: cannot read" not in err
    assert f"odd.webp: {photos / 'odd.webp'} is no JPEG, PNG, WebP or TIFF picture: name another file" in err
    assert sorted(path.name for path in output.iterdir()) == ["a.jpg", "a.png", "results.json"]
    found = results(output)
    assert {name: entry["status"] for name, entry in found.items()} == {
        "a.jpg": "done",
        "a.png": "done",
        "none.tif": "no_face",
        "odd.webp": "failed",
    }
    done = found["a.png"]
    assert (done["output"], done["faces"], done["why"]) == ("a.png", 1, "")
    assert done["seconds"] > 0
    assert 8 < done["scores"]["psnr"] < 40
    assert (np.asarray(Image.open(output / "a.png")) != HEAD).any()
    assert "no face" in found["none.tif"]["why"]


@pytest.mark.usefixtures("here")
def test_odd_files_are_one_line_each(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A name that is no UTF-8, a pipe, a link to nothing, and two names that differ in case alone."""
    folder, output = tmp_path / "odd", tmp_path / "edited"
    folder.mkdir()
    names = [b"Andr\xe9.png", b"a.png", b"A.PNG"]
    try:
        for name in names:
            Image.fromarray(HEAD).save(os.fsdecode(os.path.join(os.fsencode(folder), name)))
        os.mkfifo(folder / "pipe.png")
    except (OSError, AttributeError):
        pytest.skip("this system has no such files")
    if len(list(folder.iterdir())) < 4:
        pytest.skip("this disk does not tell a from A")
    (folder / "nowhere.png").symlink_to(tmp_path / "missing.png")
    Image.fromarray(HEAD).save(folder / "last.png")
    code, _, err = anycost(capfd, folder, *SMILE, "--output", output)
    assert code == 1
    found = results(output)
    assert {name: entry["output"] for name, entry in found.items()} == {
        "A.PNG": "A.PNG",
        "a.png": "a-2.png",
        "Andr\\xe9.png": "Andr\\xe9.png",
        "last.png": "last.png",
        "nowhere.png": None,
        "pipe.png": None,
    }
    assert os.path.exists(os.path.join(os.fsencode(output), b"Andr\xe9.png"))
    assert "pipe.png: it is not an ordinary file: move it away" in err
    again = {path: identity(path) for path in output.glob("*.[pP]*")}
    assert anycost(capfd, folder, *SMILE, "--output", output, "--resume")[0] == 1
    assert {path: identity(path) for path in output.glob("*.[pP]*")} == again


@pytest.mark.usefixtures("here")
def test_faces_with_warnings_are_listed_and_can_be_skipped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(HEAD).save(folder / "large.png")
    picture = np.full((256, 256, 3), 120, np.uint8)
    picture[90:154, 90:154] = np.asarray(Image.fromarray(HEAD).resize((64, 64)))
    Image.fromarray(picture).save(folder / "small.png")
    output = tmp_path / "edited"
    assert anycost(capfd, folder, *SMILE, "--output", output)[0] == 0
    found = results(output)
    assert "the face is small" in found["small.png"]["warnings"][0]
    code, out, err = anycost(capfd, folder, *SMILE, "--output", tmp_path / "sure", "--skip-warned")
    assert code == 0
    assert "0 without a face" in out
    assert "skipped, 0 failed" in out
    assert "small.png: the face is small" in err
    assert results(tmp_path / "sure")["small.png"]["status"] == "skipped"
    assert not (tmp_path / "sure" / "small.png").exists()


@pytest.mark.usefixtures("here")
def test_a_read_only_cache_does_not_matter(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(batch_run, "cache_dir", lambda: tmp_path / "file")
    output = tmp_path / "edited"
    anycost(capfd, photos, *SMILE, "--output", output)
    assert results(output)["a.png"]["status"] == "done"
    assert sorted(path.name for path in output.iterdir()) == ["a.jpg", "a.png", "results.json"]


def test_a_lock_beside_the_photos_goes_however_the_batch_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(batch_run, "cache_dir", lambda: tmp_path / "file")
    output = tmp_path / "edited"
    lock = batch_run._locked(output)
    lock.__enter__()
    assert len(list(output.iterdir())) == 1
    with pytest.raises(AnycostError, match="another batch is writing"):
        batch_run._locked(output).__enter__()
    assert not lock.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert list(output.iterdir()) == []


@pytest.mark.usefixtures("here")
def test_it_goes_on_with_what_is_missing_changed_or_failed(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "edited"
    anycost(capfd, photos, *SMILE, "--output", output)
    first = {name: identity(output / name) for name in ("a.jpg", "a.png")}
    Image.fromarray(HEAD).save(photos / "odd.webp", lossless=True)  # mended
    Image.fromarray(HEAD).save(photos / "new.tif")
    assert anycost(capfd, photos, *SMILE, "--output", output, "--resume")[0] == 0
    assert {name: identity(output / name) for name in first} == first
    assert [entry["status"] for entry in results(output).values()] == ["done", "done", "done", "no_face", "done"]

    (output / "a.jpg").unlink()
    Image.open(photos / "a.jpg").save(photos / "a.png")  # another photo under its name
    before = {name: identity(output / name) for name in ("new.tif", "odd.webp")}
    anycost(capfd, photos, *SMILE, "--output", output, "--resume")
    assert (output / "a.jpg").is_file()
    assert identity(output / "a.png") != first["a.png"]
    assert {name: identity(output / name) for name in before} == before

    anycost(capfd, photos, "--set", "smile=0.2", "--output", output, "--resume")  # other settings: all of them
    assert all(identity(output / name) != before[name] for name in before)
    assert json.loads((output / "results.json").read_text())["settings"]["strengths"] == {"smile": 0.2}


@pytest.mark.usefixtures("here")
def test_what_a_process_finished_before_it_was_lost_is_not_done_again(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "edited"

    def lost(tasks: list[edit_one.PhotoTask], *where: object) -> Iterator[Any]:
        edit_one.edit_one(tasks[0])
        (output / f".{'0' * 32}.part").touch()  # as one leaves that was killed while it wrote
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as cut:
        cut.setattr("anycost_backend.batch.run.edit_all", lost)
        assert main(["batch", str(photos), *SMILE, "--output", str(output)]) == 2
    said = capfd.readouterr().err
    assert said == "anycost batch: cancelled after 0 of 4 photos: the same command with --resume goes on\n"
    before = identity(output / "a.jpg")
    anycost(capfd, photos, *SMILE, "--output", output, "--resume")
    assert identity(output / "a.jpg") == before
    assert results(output)["a.jpg"]["status"] == "done"


@pytest.mark.usefixtures("here")
def test_photos_that_would_get_one_name_keep_both(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (photos / "odd.webp").unlink()
    inside = photos / "edited"  # no photo of it is taken for a new one
    for _ in range(2):
        assert anycost(capfd, photos, *SMILE, "-o", inside, "--format", "webp", "--resume", "--json")[0] == 0
        assert sorted(path.name for path in inside.glob("*.webp")) == ["a.jpg.webp", "a.png.webp"]


@pytest.mark.usefixtures("home")
def test_what_cannot_be_done_is_told_before_the_work(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, taken = tmp_path / "empty", tmp_path / "taken"
    for folder in (empty, taken):
        folder.mkdir()
    (taken / "a.png").write_bytes(b"mine")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "results.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "distributed", None)
    for folder, options, message in (
        (empty, (), "holds no photos"),
        (tmp_path / "nowhere", (), "is missing"),
        (photos / "a.png", (), "is no folder"),
        (photos, ("--output", photos), "among the photos"),
        (photos, ("--output", taken), "is there already"),
        (photos, ("--output", taken, "--resume"), "is there already"),
        (photos, ("--output", damaged, "--resume"), "another program's"),
        (photos, ("--set", "horns=1"), "horns"),
        (photos, ("--output", photos / "a.png"), "cannot make the folder"),
        (photos, ("--cluster", "tcp://127.0.0.1:9"), "pip install 'anycost-face-editor[cluster]'"),
    ):
        words = [str(folder), *SMILE, "--output", str(tmp_path / "out"), *map(str, options)]
        assert main(["batch", *words]) == 2, message
        said = capfd.readouterr().err
        assert message in said
        assert said.count("\n") == 1
    assert (taken / "a.png").read_bytes() == b"mine"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_and_a_killed_worker_on_this_machine(many: Path, tmp_path: Path) -> None:
    output = tmp_path / "edited"
    command = [sys.executable, "-m", "anycost_backend", "batch", many, *SMILE, "-o", output, "--jobs", "2"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until(lambda: results(output))
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said = running.communicate(timeout=SECONDS)[1]
    assert running.returncode == 2
    (line,) = [line for line in said.splitlines() if ": warning: " not in line]
    assert line.startswith("anycost batch: cancelled after ")
    before = {name: identity(output / name) for name in results(output)}

    running = subprocess.Popen([*command, "--resume"], start_new_session=True)
    until(lambda: len(results(output)) > len(before))
    os.kill(next(pid for pid in children(running.pid) if "popen_loky" in command_of(pid)), signal.SIGKILL)
    assert running.wait(SECONDS) == 0
    assert {entry["status"] for entry in results(output).values()} == {"done"}
    assert len(results(output)) == 8
    assert {name: identity(output / name) for name in before} == before
    assert len(list(output.iterdir())) == 9  # and results.json: nothing half-written


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_cluster_loses_one_of_its_two_workers_half_way(many: Path, tmp_path: Path) -> None:
    """Nothing is lost and nothing done twice."""
    output = tmp_path / "edited"
    with cluster(tmp_path) as (address, workers):
        command = [sys.executable, "-m", "anycost_backend", "batch", many, *SMILE, "-o", output]
        running = subprocess.Popen([*command, "--cluster", address])
        until(lambda: len(results(output)) >= 3)
        before = {name: identity(output / name) for name in results(output)}
        workers[0].kill()
        assert running.wait(SECONDS) == 0
    assert {entry["status"] for entry in results(output).values()} == {"done"}
    assert len(results(output)) == 8
    assert {name: identity(output / name) for name in before} == before
    assert len(list(output.iterdir())) == 9


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """A Dask scheduler on this machine and two workers, which nobody starts again."""
    pytest.importorskip("distributed")
    scheduler_file = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    dask = [sys.executable, "-m", "dask"]
    processes = [subprocess.Popen([*dask, "scheduler", *local, "--port", "0", "--scheduler-file", scheduler_file])]
    try:
        until(lambda: json.loads(scheduler_file.read_text()))
        address = json.loads(scheduler_file.read_text())["address"]
        options = [address, *local, "--no-nanny", "--nthreads", "1", "--local-directory", folder]
        processes += [subprocess.Popen([*dask, "worker", *options]) for _ in range(2)]
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def until(condition: Any) -> None:
    """Waits until `condition()` is true; files that it reads may not be there yet."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, ValueError):
            if condition():
                return
        time.sleep(0.05)
    raise TimeoutError


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
