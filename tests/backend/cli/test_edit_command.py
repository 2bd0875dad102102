"""`anycost edit`, from the command line to the file: what it writes, what it says, and what it refuses."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import photo_files
import pytest
import skimage.data
from anycost_backend.__main__ import main
from anycost_backend.cli import options
from anycost_backend.editing import models as models_module
from anycost_backend.editing import session
from anycost_backend.editing.models import Models
from anycost_backend.editing.renderer import Renderer
from anycost_backend.photo.photo import open_photo
from anycost_models.editing.directions import load_directions
from anycost_models.generators.precision import has_fast_bfloat16
from anycost_models.hub import catalogue
from PIL import Image

ASTRONAUT = skimage.data.astronaut()
HEAD = np.ascontiguousarray(ASTRONAUT[:256, 96:352])
FACE = (slice(70, 180), slice(180, 272))  # of ASTRONAUT: rows, columns
AROUND = (slice(15, 205), slice(135, 320))  # nothing beyond this may change with the face
AROUND_HEAD = (slice(0, 232), slice(100, 350))  # nor beyond this with the head
DECLARATION = b"compositeWithTrainedAlgorithmicMedia"

Caught = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return photo_files.vips_file(tmp_path_factory.mktemp("photo") / "photo.png", ASTRONAUT).read_bytes()


@pytest.fixture
def photo(tmp_path: Path, encoded: bytes) -> Path:
    return written(tmp_path / "photo.png", encoded)


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err


def pixels(path: Path) -> np.ndarray:
    return open_photo(path).pixels


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.usefixtures("models", "home")
def test_strengths_of_0_write_the_photo_as_it_was(tmp_path: Path, capfd: Caught, depth: int) -> None:
    picture = photo_files.sixteen(HEAD) if depth == 16 else HEAD
    source, output = photo_files.vips_file(tmp_path / "in.png", picture), tmp_path / "out.png"
    words = ("--set", "smile=0", "--set", "age=-0.0", "--output", output, "--sheet", tmp_path / "sheet.png")
    code, out, err = anycost(capfd, "edit", source, *words)
    assert (code, err) == (0, "")
    assert str(output) in out
    assert pixels(output).dtype == picture.dtype
    assert np.array_equal(pixels(output), picture)
    assert DECLARATION not in output.read_bytes()  # there was no edit
    assert Image.open(tmp_path / "sheet.png").size[0] > 1000


@pytest.mark.usefixtures("models", "home", "quick")
def test_an_edit_changes_the_face_and_nothing_else(tmp_path: Path, photo: Path, capfd: Caught) -> None:
    output, sheet = tmp_path / "out.png", tmp_path / "sheet.jpg"
    words = ("--set", "smile=-1", "--set", "lip_colour=0.5", "--output", output)
    code, out, err = anycost(capfd, "edit", photo, *words, "--sheet", sheet, "--json")
    assert code == 0
    assert err == "".join(f"warning: {warning}\n" for warning in json.loads(out)["warnings"])  # few steps are rough
    did = (pixels(output) != ASTRONAUT).any(axis=2)
    assert did[FACE].mean() > 0.5
    did[AROUND] = False
    assert not did.any()
    assert DECLARATION in output.read_bytes()
    answer = json.loads(out)
    assert answer["output"] == str(output)
    assert answer["sheet"] == str(sheet)
    assert answer["face"] == 1
    assert answer["strengths"] == {"smile": -1, "lip_colour": 0.5}
    assert answer["projection"].keys() == {
        "psnr",
        "enl0",
        "deviation",
        "steps",
        "seconds",
        "remembered",
        "complete",
        "stage",
    }
    assert not answer["projection"]["remembered"]
    assert answer["seconds"].keys() == {"find", "project", "reach", "render", "measure", "composite"}
    assert answer["peak_megabytes"] is None or answer["peak_megabytes"] > 100
    width, height = Image.open(sheet).size
    assert height > 3 * 512  # photo, face, the model's own
    assert width > 2 * 512

    again = tmp_path / "again.png"
    code, out, _ = anycost(capfd, "edit", photo, *words[:-1], again, "--no-declaration", "--json")
    assert code == 0
    assert json.loads(out)["projection"]["remembered"]
    assert np.array_equal(pixels(again), pixels(output))
    assert DECLARATION not in again.read_bytes()


@pytest.mark.usefixtures("models", "home")
def test_another_format_says_what_it_loses(tmp_path: Path, capfd: Caught) -> None:
    source = photo_files.vips_file(tmp_path / "in.png", photo_files.sixteen(HEAD))
    output = tmp_path / "out.jpg"
    code, _, err = anycost(capfd, "edit", source, "--set", "smile=0", "-o", output, "--quality", 90)
    assert code == 0
    assert err == "note: 16 bits per channel become 8 in JPEG\n"
    assert Image.open(output).format == "JPEG"


@pytest.mark.usefixtures("models", "home", "quick")
def test_of_two_faces_the_largest_unless_chosen(tmp_path: Path, capfd: Caught) -> None:
    picture = np.full((300, 500, 3), 120, np.uint8)
    picture[60:252, 10:202] = np.asarray(Image.fromarray(HEAD).resize((192, 192)))
    picture[20:276, 234:490] = HEAD
    source, output = photo_files.vips_file(tmp_path / "two.png", picture), tmp_path / "out.png"
    words = ("edit", source, "-o", output, "--json", "--set")
    code, out, err = anycost(capfd, *words, "smile=0")
    assert code == 0
    assert err == "2 faces found: taking the largest; --face 2 and so on choose another\n"
    assert json.loads(out)["face"] == 1
    code, out, err = anycost(capfd, *words, "smile=-1", "--face", 2)
    assert code == 0
    assert all(line.startswith("warning: ") for line in err.splitlines())  # of a projection in few steps
    assert json.loads(out)["face"] == 2
    did = (pixels(output) != picture).any(axis=(0, 2))
    assert did[:218].any()  # columns
    assert not did[218:].any()


@pytest.mark.usefixtures("home", "quick")
def test_control_c_changes_nothing(
    tmp_path: Path, photo: Path, models: Models, capfd: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(bar: options.ProjectionBar, step: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(options.ProjectionBar, "__call__", pressed)
    refuses(tmp_path, capfd, "cancelled, nothing was changed", photo)


def refuses(folder: Path, capfd: Caught, message: str, source: Path, *words: object) -> None:
    """Exit code 2 (1: no face), one line that says why, and the file that was there untouched."""
    output = folder / "kept.png"
    output.write_bytes(b"precious")
    words = (*words, "--output", output) if not {"--output", "-o"} & set(words) else words
    words = words if "--set" in words else ("--set", "smile=0.5", *words)
    code, out, err = anycost(capfd, "edit", source, *words)
    assert code == (1 if "no face was found" in err else 2)
    assert out == ""
    print(err, end="")
    assert err.startswith("anycost edit: ")
    assert message in err
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert output.read_bytes() == b"precious"
    assert not list(folder.glob(".*"))


def cut_short(path: Path) -> Path:
    Image.fromarray(ASTRONAUT).save(path)
    path.write_bytes(path.read_bytes()[:-10_000])
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


PHOTOS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda p: p / "nowhere.png", "No such file or directory; check the name"),
    "folder": (lambda p: folder(p / "photos"), "photos is a folder: name a picture in it"),
    "empty": (lambda p: written(p / "a.png", b""), "a.png is empty: name another file"),
    "text": (lambda p: written(p / "a.png", b"not a picture at all"), "no JPEG, PNG, WebP or TIFF picture: name"),
    "truncated PNG": (lambda p: cut_short(p / "a.png"), "a.png, which is damaged or cut short: "),
    "truncated JPEG": (lambda p: cut_short(p / "a.jpg"), "a.jpg, which is damaged or cut short: "),
    "truncated TIFF": (lambda p: cut_short(p / "a.tif"), "a.tif, which is damaged or cut short: "),
    "truncated WebP": (lambda p: cut_short(p / "a.webp"), "a.webp, which is damaged or cut short: "),
    "huge": (
        lambda p: photo_files.png_claiming(p / "a.png", 20000, 20000),
        "(400 megapixels) and the limit is 150: scale",
    ),
    "one pixel": (lambda p: photo_files.pillow(p / "a.png", Image.new("RGB", (1, 1))), "no face was found in"),
    "no face": (
        lambda p: photo_files.pillow(p / "cat.png", Image.fromarray(skimage.data.chelsea())),
        "cat.png: choose a photo that shows both eyes and the mouth",
    ),
}


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.usefixtures("models", "home")
def test_a_photo_that_cannot_be_edited(tmp_path: Path, capfd: Caught, name: str) -> None:
    make, message = PHOTOS[name]
    refuses(tmp_path, capfd, message, make(tmp_path))


REQUESTS: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown attribute": (("--set", "smlie=0.5"), "there is no attribute 'smlie': did you mean 'smile'?"),
    "no such thing": (("--set", "xyzzy=0.5"), "see them with 'anycost attributes'"),
    "too strong": (("--set", "smile=3"), "the strength of 'smile' is 3: choose one from -2 to 2 (±1 is strong)"),
    "not finite": (("--set", "smile=nan"), "the strength of 'smile' is nan: choose one from -2 to 2"),
    "no such face": (("--face", "2"), "there is no face 2: the picture has one face; see 'anycost faces'"),
    "face 0": (("--face", "0"), "there is no face 0"),
    "small limit": (("--max-megapixels", "0.1"), "and the limit is 0.1: scale it down, crop it, or raise the limit"),
    "no folder": (("-o", "nowhere/out.png"), "there is no folder"),
    "output is a folder": (("-o", "."), "it is a folder; name a file in it"),
    "unknown extension": (("-o", "out.gif"), "give it a name that ends in .jpg, .jpeg, .png, .webp, .tif, .tiff"),
    "no extension": (("-o", "out"), "give it a name that ends in .jpg"),
    "sheet's folder": (("--sheet", "nowhere/sheet.png"), "there is no folder"),
    "sheet's extension": (("--sheet", "sheet.webp"), "give it a name that ends in .png, .jpg, .jpeg"),
    "sheet over the output": (
        ("--sheet", "kept.png"),
        "the sheet would be written over kept.png: give it another name",
    ),
    "sheet over the photo": (("--sheet", "photo.png"), "the sheet would be written over photo.png"),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.usefixtures("models", "home")
def test_a_request_that_cannot_be_met(
    tmp_path: Path, photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Before a projection is begun: this one would take minutes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "project_face", None)  # whoever calls it fails
    words, message = REQUESTS[name]
    before = photo.read_bytes()
    refuses(tmp_path, capfd, message, photo, *words)
    assert photo.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"home", "photo.png", "kept.png"}


@pytest.mark.usefixtures("models", "home")
def test_a_read_only_folder(tmp_path: Path, photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.access
    monkeypatch.setattr(  # the superuser may write anywhere, so the answer is made up
        os, "access", lambda path, mode, **more: Path(path) != tmp_path.resolve() and allowed(path, mode, **more)
    )
    monkeypatch.setattr(os, "supports_effective_ids", set())
    refuses(tmp_path, capfd, "its folder is read-only; name another or change the permissions", photo)


@pytest.mark.usefixtures("models", "home")
def test_a_full_disk(tmp_path: Path, photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refuses(tmp_path, capfd, f"{os.strerror(errno.ENOSPC)}; free some space", photo, "--set", "smile=0")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "smile=abc"), "argument --set: 'smile=abc' is not of the form NAME=STRENGTH, as in smile=0.8"),
        (("--set", "smile"), "argument --set: 'smile' is not of the form NAME=STRENGTH, as in smile=0.8"),
        (("--set", "smile="), "'smile=' is not of the form"),
        ((), "nothing is to be changed: say what with --set NAME=STRENGTH or --match WHAT=PHOTO"),
        (("--set", "smile=1", "--quality", "0"), "argument --quality: '0' is not a whole number from 1 to 100"),
        (("--set", "smile=1", "--quality", "best"), "argument --quality: 'best' is not a whole number from 1 to 100"),
        (("--set", "smile=1", "--face", "left"), "argument --face: invalid int value: 'left'"),
    ],
)
def test_words_that_are_not_understood_show_the_usage(
    photo: Path, capfd: Caught, words: tuple[str], message: str
) -> None:
    code, out, err = anycost(capfd, "edit", photo, "-o", photo.with_name("out.png"), *words)
    assert (code, out) == (2, "")
    *usage, line = err.splitlines()
    assert usage[0].startswith("usage: anycost edit")
    assert line.startswith("anycost edit: error: ")
    assert message in line
    assert not photo.with_name("out.png").exists()


def damaged(path: Path) -> None:
    """Of the right size, and nothing else right."""
    size = path.stat().st_size
    path.unlink()
    path.write_bytes(bytes(size))


@pytest.mark.parametrize("name", ["yunet", "face_landmarks", "perceptual"])
@pytest.mark.parametrize("harm", [Path.unlink, damaged], ids=["missing", "damaged"])
@pytest.mark.usefixtures("quick")
def test_a_fetched_model_that_is_missing_or_damaged(
    tmp_path: Path,
    home: Path,
    photo: Path,
    loaded: Models,
    capfd: Caught,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    harm: Callable[[Path], None],
) -> None:
    harm(home / "data" / "models" / catalogue.part(name).file)
    models = Models()
    unharmed = ("renderer", "shipped_directions") + (("finder",) if name == "perceptual" else ())
    vars(models).update({part: getattr(loaded, part) for part in unharmed})  # what is not in question is loaded already
    monkeypatch.setattr(models_module, "Models", lambda model: models)
    refuses(tmp_path, capfd, "run 'anycost models fetch'", photo)


@pytest.mark.usefixtures("quick", "home")
@pytest.mark.parametrize("file", ["generator", "directions"])
@pytest.mark.parametrize(
    "harm", [lambda path: None, lambda path: path.write_bytes(bytes(1000))], ids=["missing", "damaged"]
)
def test_an_embedded_model_that_is_missing_or_damaged(
    tmp_path: Path,
    photo: Path,
    loaded: Models,
    capfd: Caught,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    harm: Callable[[Path], None],
) -> None:
    path = tmp_path / "embedded.safetensors"
    harm(path)
    models = Models()
    unharmed = {name: getattr(loaded, name) for name in ("finder", "parser")}
    own = {"renderer": Renderer(path), "directions": loaded.directions} if file == "generator" else {}
    vars(models).update(unharmed | own)
    monkeypatch.setattr(models_module, "Models", lambda model: models)
    monkeypatch.setattr(models_module, "load_directions", lambda: load_directions(path))
    refuses(tmp_path, capfd, "embedded.safetensors", photo)


def test_as_a_program(tmp_path: Path, home: Path, photo: Path) -> None:
    """In a process of its own, where libraries' warnings would show as well."""
    program = (sys.executable, "-m", "anycost_backend", "edit", photo, "--output", tmp_path / "out.png", "--set")
    done = subprocess.run([*program, "smlie=1"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "anycost edit: there is no attribute 'smlie': did you mean 'smile'?\n"
    assert not (tmp_path / "out.png").exists()


@pytest.mark.slow
def test_the_whole_way_with_the_settings_that_users_get(tmp_path: Path, home: Path, photo: Path) -> None:
    output = tmp_path / "out.png"
    program = (sys.executable, "-m", "anycost_backend", "edit", photo, "--output", output, "--json")
    done = subprocess.run([*program, "--set", "smile=-1", "--set", "age=0.5"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["projection"]["psnr"] > 21
    assert answer["peak_megabytes"] < (1536 if has_fast_bfloat16() else 1792)  # float32 features are twice as large
    did = (pixels(output) != ASTRONAUT).any(axis=2)
    assert did[FACE].mean() > 0.5
    did[AROUND_HEAD] = False
    assert not did.any()
