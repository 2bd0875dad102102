"""What `anycost edit` refuses or warns of before it harms a file, in one clear line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import photo_files
import pytest
import skimage.data
from anycost_backend.__main__ import main, with_file_names
from anycost_backend.photo import memory
from anycost_backend.photo.memory import EDIT_BYTES, ensure_memory, is_out_of_memory
from anycost_backend.photo.photo import open_photo
from anycost_backend.photo.sample_types import blend
from anycost_models.core.errors import AnycostError
from PIL import Image

HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])
Caught = pytest.CaptureFixture[str]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return photo_files.pillow(tmp_path / "head.png", Image.fromarray(HEAD))


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    code = main([*map(str, words)])
    said = capfd.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "smile=.3", "--set", "smile=-.8"), "'smile' is set twice: say once"),
        (("--set", "smile=.3", "--hold", "smile"), "'smile' is both set and held: leave out"),
        (("--set", "smile=.3", "--model", "nope"), "there is no model 'nope'"),
        (("--set", "smile=.3", "--hold", "nope"), "there is no attribute 'nope': see them with 'anycost attributes'"),
    ],
)
@pytest.mark.usefixtures("home")
def test_options_that_cannot_be_meant(photo: Path, capfd: Caught, words: tuple[str, ...], message: str) -> None:
    output = photo.with_name("out.png")
    for command in (("edit", photo, "-o", output), ("batch", photo.parent, "-o", photo.parent / "edited")):
        code, out, err = anycost(capfd, *command, *words)
        assert (code, out) == (2, "")
        assert err.startswith(f"anycost {command[0]}: {message}")
        assert err.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize("size", ["nan", "inf", "0", "-3", "many"])
@pytest.mark.parametrize("command", ["edit", "batch", "faces", "project"])
def test_the_size_limit_is_a_number(photo: Path, capfd: Caught, command: str, size: str) -> None:
    more = ("--set", "smile=1", "-o", "out.png") if command in ("edit", "batch") else ()
    with pytest.raises(SystemExit):
        main([command, str(photo), *more, f"--max-megapixels={size}"])
    assert f"'{size}' is no size in megapixels" in capfd.readouterr().err


@pytest.mark.usefixtures("models", "home")
def test_a_photo_is_not_written_over_unasked(photo: Path, capfd: Caught) -> None:
    before = photo.read_bytes()
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    other = photo_files.pillow(photo.with_name("other.png"), Image.fromarray(HEAD))
    for output, more in ((photo, ()), (link, ()), (other, ("--match", f"pose={other}"))):
        code, _, err = anycost(capfd, "edit", photo, "--set", "smile=0", "-o", output, *more)
        assert code == 2
        assert "would be written over" in err
        assert "--overwrite" in err
    assert photo.read_bytes() == before
    assert anycost(capfd, "edit", photo, "--set", "smile=0", "-o", photo, "--overwrite")[0] == 0


@pytest.mark.usefixtures("models", "home")
def test_a_name_may_begin_with_a_dash(photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photo.parent)
    photo.rename("-x.png")
    assert anycost(capfd, "edit", "-x.png", "--set", "smile=0", "-o", "-y.png")[0] == 0
    assert Image.open("./-y.png").size == (256, 256)
    assert with_file_names(["-oout.png", "--sheet=-a.png", "-x.png"]) == ["-oout.png", "--sheet=-a.png", "./-x.png"]


@pytest.mark.usefixtures("models", "home")
def test_notes_are_data(tmp_path: Path, capfd: Caught) -> None:
    import json

    source = photo_files.vips_file(tmp_path / "in.png", photo_files.sixteen(HEAD))
    code, out, _ = anycost(capfd, "edit", source, "--set", "smile=0", "-o", tmp_path / "out.jpg", "--json")
    assert code == 0
    assert json.loads(out)["notes"] == ["16 bits per channel become 8 in JPEG"]


# Memory


def test_what_a_photo_needs_is_known_before_it_is_read(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free_bytes", lambda: 2_000_000_000)
    monkeypatch.setattr(memory, "_own_bytes", lambda: 0)
    monkeypatch.setattr(memory, "_address_limit", lambda: None)
    assert open_photo(photo, memory_beside=EDIT_BYTES).width == 256
    huge = photo_files.png_claiming(photo.with_name("huge.png"), 12_000, 10_000)
    with pytest.raises(AnycostError, match=r"12000 × 10000 pixels needs about 2\.6 GB, and 2\.0 GB are free"):
        open_photo(huge, memory_beside=EDIT_BYTES)


def test_a_limit_of_addresses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free_bytes", lambda: None)
    monkeypatch.setattr(memory, "_address_limit", lambda: 2_000_000_000)
    with pytest.raises(AnycostError, match=r"an edit needs about 2\.8 GB, and this process may use 2\.0 GB.*ulimit"):
        ensure_memory(EDIT_BYTES, "an edit")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("std::bad_alloc"),
        ImportError("libavcodec.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
        np.exceptions.ComplexWarning("Unable to allocate 1.2 GiB for an array"),
    ],
)
def test_want_of_memory_blames_nothing_else(
    photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from anycost_backend.cli import options

    def fails(*_: object) -> None:
        try:
            raise error
        except Exception as cause:
            raise AnycostError("the model is damaged", "run 'anycost models fetch'") from cause

    monkeypatch.setattr(options, "open_session", fails)
    code, _, err = anycost(capfd, "edit", photo, "--set", "smile=1", "-o", photo.with_name("out.png"))
    assert code == 2
    assert err.startswith("anycost edit: not enough memory: it needs about")
    assert "damaged" not in err
    assert err.count("\n") == 1
    assert not is_out_of_memory(ValueError("something else"))


@pytest.mark.parametrize("name", ["out of memory.jpg", "(os error 28).jpg", "failed to alloc.png"])
def test_a_files_name_is_not_taken_for_what_was_said(tmp_path: Path, capfd: Caught, name: str) -> None:
    photo = photo_files.pillow(tmp_path / name, Image.fromarray(HEAD))
    for content in (b"", photo.read_bytes()[:300], b"no picture"):
        photo.write_bytes(content)
        code, _, err = anycost(capfd, "faces", photo)
        assert code == 2
        assert name in err.partition(": ")[2]
        assert "not enough" not in err
        assert "disk" not in err
    photo.unlink()
    assert "No such file" in anycost(capfd, "faces", photo)[2]


LITTLE = {  # command → whose words about its memory
    "edit": ("--set", "smile=1", "-o", "out.png", "photo.png"),
    "faces": ("photo.png",),
    "render": ("-o", "out.png"),
    "serve": ("--connection", "run/connection.json"),
}


@pytest.mark.parametrize("kilobytes", [400_000, 1_200_000])
@pytest.mark.parametrize("command", LITTLE)
def test_little_memory_is_one_line(photo: Path, command: str, kilobytes: int) -> None:
    """Before libraries are loaded, which would end the process without a word."""
    resource = pytest.importorskip("resource")
    photo.rename(photo.with_name("photo.png"))
    done = subprocess.run(
        [sys.executable, "-m", "anycost_backend", command, *LITTLE[command]],
        capture_output=True,
        text=True,
        cwd=photo.parent,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024,) * 2),
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"anycost {command}: not enough memory: ")
    assert "needs about" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_blending_in_bands_is_blending(dtype: type) -> None:
    random = np.random.default_rng(0)
    peak = 1 if dtype == np.float32 else np.iinfo(dtype).max
    below: np.ndarray = (random.random((700, 9, 3)) * peak).astype(dtype)
    above: np.ndarray = (random.random((700, 9, 3)) * peak).astype(dtype)
    mask = np.where(random.random((700, 9)) < 0.3, 0, random.random((700, 9))).astype(np.float32)
    expected = below + mask[:, :, None] * (above.astype(np.float64) - below)
    result = below.copy()
    blend(result, above, mask)
    assert np.abs(result - expected).max() <= (1e-6 if dtype == np.float32 else 0.51)
    assert np.array_equal(result[mask == 0], below[mask == 0])


# The end of the process

SLOW = """
import os, sys, time
from anycost_backend.__main__ import main
from anycost_backend.cli import edit
from anycost_models.core.atomic_files import write_aside
def run(args):
    os.fsync = lambda descriptor: (print("writing", flush=True), time.sleep(60))
    write_aside(args.output, b"edited")
    return 0
edit.run = run
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.skipif(os.name != "posix", reason="Windows ends processes without asking")
def test_nothing_unfinished_stays_beside_the_photo(tmp_path: Path, photo: Path, number: str) -> None:
    words = ("edit", photo, "--set", "smile=1", "-o", tmp_path / "out.png")
    started = subprocess.Popen([sys.executable, "-c", SLOW, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert started.stdout
    assert started.stdout.readline() == b"writing\n"
    assert len(list(tmp_path.glob(".*.part"))) == 1
    time.sleep(0.1)
    started.send_signal(getattr(signal, number))
    _, err = started.communicate(timeout=60)
    assert started.returncode == (2 if number == "SIGINT" else 128 + getattr(signal, number))
    assert err == b"anycost edit: cancelled, nothing was changed\n"
    assert list(tmp_path.glob(".*.part")) == []
    assert not (tmp_path / "out.png").exists()
