"""`anycost project`, `render`, `attributes`, and what all commands share."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import photo_files
import pytest
import skimage.data
from anycost_backend import __main__ as command
from anycost_backend.cli import options
from anycost_backend.editing.renderer import Renderer
from anycost_models.editing.directions import load_directions
from anycost_models.generators.elastic import SubGenerator
from anycost_models.projection import scores
from anycost_models.weights import EMBEDDED_GENERATOR
from PIL import Image
from safetensors.numpy import load_file

HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])

Caught = pytest.CaptureFixture[str]


def anycost(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    try:
        code = command.main([str(word) for word in words])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err


def refuses(capfd: Caught, message: str, *words: object) -> None:
    """Exit code 2 and one line that says why."""
    code, out, err = anycost(capfd, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"anycost {words[0]}: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return photo_files.pillow(tmp_path / "photo.png", Image.fromarray(HEAD))


@pytest.mark.usefixtures("models", "home", "quick")
def test_project_finds_a_latent_and_remembers_it(
    tmp_path: Path, photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    latent, sheet = tmp_path / "latent.safetensors", tmp_path / "sheet.png"
    monkeypatch.setattr(scores, "TYPICAL_FACES", 2)
    code, out, err = anycost(capfd, "project", photo, "--output", latent, "--sheet", sheet, "--json")
    assert (code, err) == (0, "")
    first = json.loads(out)
    assert first["face"] == 1
    assert not first["remembered"]
    assert (first["stage"], first["steps"]) == ("refined", 4)
    assert 8 < first["psnr"] < 40
    assert 0 < first["identity"] < 1
    assert 0.3 < first["consistency_ratio"] < 2
    assert isinstance(first["warnings"], list)
    assert load_file(latent)["latent"].shape == (16, 512)
    assert Image.open(sheet).size[0] > 2 * 512

    code, out, err = anycost(capfd, "project", photo)
    assert code == 0
    assert err.count("\n") == len(first["warnings"])
    assert out.startswith("face 1, refined in 4 steps (remembered)\n")
    assert f"PSNR {first['psnr']:.1f} dB, ENL0 {first['enl0']:.3f}" in out
    assert f"{first['deviation']:.2f} σ from the mean face" in out


@pytest.mark.usefixtures("models", "home")
def test_without_a_budget_the_encoder_answers(photo: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "TYPICAL_FACES", 2)
    code, out, _ = anycost(capfd, "project", photo, "--budget", "0", "--json")
    found = json.loads(out)
    assert (code, found["stage"], found["steps"]) == (0, "encoder", 0)
    assert found["enl0"] > 0.1


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("500ms", 0.5), ("7", 7), ("0", 0)])
def test_times_are_written_with_or_without_a_unit(text: str, seconds: float) -> None:
    assert options.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("word", ["--budget=soon", "--budget=-1", "--budget=nan", "--faithful=2", "--faithful=nan"])
def test_project_refuses_what_is_no_setting(photo: Path, capfd: Caught, word: str) -> None:
    code, _, err = anycost(capfd, "project", photo, word)
    assert code == 2
    assert word.partition("=")[2] in err


@pytest.mark.usefixtures("models", "home")
def test_project_refuses_before_the_work(tmp_path: Path, photo: Path, capfd: Caught) -> None:
    refuses(capfd, "there is no face 2: the picture has one face", "project", photo, "--face", 2)
    refuses(capfd, "there is no folder", "project", photo, "-o", tmp_path / "nowhere" / "latent.safetensors")
    refuses(capfd, "give it a name that ends in .png", "project", photo, "--sheet", tmp_path / "sheet.bmp")
    refuses(capfd, "would be written over", "project", photo, "--sheet", photo)
    refuses(capfd, "No such file", "project", tmp_path / "nowhere.png")
    assert [path.name for path in tmp_path.glob("*.*")] == ["photo.png"]


@pytest.mark.usefixtures("models")
def test_render_draws_the_face_of_a_seed(tmp_path: Path, capfd: Caught) -> None:
    path = tmp_path / "face.png"
    code, out, err = anycost(capfd, "render", "--seed", 3, "--resolution", 64, "-o", path)
    assert (code, out, err) == (0, f"{path} written\n", "")
    face = np.asarray(Image.open(path))
    assert face.shape == (64, 64, 3)
    renderer = Renderer(EMBEDDED_GENERATOR)
    rendered = renderer.render(renderer.sample(3, 0.7), SubGenerator(64))
    assert np.array_equal(face, (rendered * 255).round().astype(np.uint8))
    assert renderer.render(renderer.sample(3, 0.7), SubGenerator(128)).shape == (128, 128, 3)

    assert anycost(capfd, "render", "--seed", 4, "--resolution", 64, "-o", path)[0] == 0
    assert np.abs(np.asarray(Image.open(path)).astype(int) - face).mean() > 10
    assert anycost(capfd, "render", "--seed", 3, "--resolution", 64, "--set", "hair_lightness=2", "-o", path)[0] == 0
    assert np.abs(np.asarray(Image.open(path)).astype(int) - face).mean() > 3
    assert anycost(capfd, "render", "--seed", 3, "--truncation", 0, "--resolution", 64, "-o", path)[0] == 0
    mean_face = np.asarray(Image.open(path))
    assert anycost(capfd, "render", "--seed", 4, "--truncation", 0, "--resolution", 64, "-o", path)[0] == 0
    assert np.array_equal(np.asarray(Image.open(path)), mean_face)


@pytest.mark.usefixtures("models")
def test_render_draws_a_sheet_of_many(tmp_path: Path, capfd: Caught) -> None:
    path = tmp_path / "faces.png"
    assert anycost(capfd, "render", "--grid", 5, "--seed", 3, "--resolution", 64, "-o", path)[0] == 0
    width, height = Image.open(path).size
    assert 3 * 64 < width < 3 * 64 + 20  # two rows of three, the last of two
    assert 2 * 64 < height < 2 * 64 + 20
    sheet = np.asarray(Image.open(path))
    tiles = [sheet[2 + 66 * (i // 3) :, 2 + 66 * (i % 3) :][:64, :64] for i in range(6)]
    assert anycost(capfd, "render", "--seed", 7, "--resolution", 64, "-o", path)[0] == 0
    assert np.array_equal(tiles[4], np.asarray(Image.open(path)))
    assert np.ptp(tiles[5].astype(int)) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--resolution", "100"), "this generator draws 64, 128, 256, 512, 1024 px, not 100: choose one of them"),
        (("--channels", "0.3"), "there is no channel ratio 0.3: choose one of 0.25, 0.5, 0.75, 1"),
        (("--truncation", "2"), "the truncation is 2: choose one from 0 to 1.5"),
        (("--truncation", "nan"), "the truncation is nan: choose one from 0 to 1.5"),
        (("--grid", "0"), "a grid of 0 faces: choose between 1 and 400"),
        (("--grid", "100000"), "a grid of 100000 faces: choose between 1 and 400"),
        (("--set", "smlie=1"), "did you mean 'smile'?"),
        (("--set", "smile=-2.5"), "the strength of 'smile' is -2.5"),
        (("--set", "eye_size=1"), "'eye_size' only changes photos: leave it out"),
        (("-o", "face.webp"), "cannot write face.webp: give it a name that ends in .png, .jpg, .jpeg"),
        (("-o", "nowhere/face.png"), "there is no folder"),
    ],
)
@pytest.mark.usefixtures("models")
def test_render_refuses(
    tmp_path: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refuses(capfd, message, "render", "-o", "face.png", *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["render", "project"])
@pytest.mark.parametrize("seed", ["-1", "9223372036854775808", "three", "1.5"])
def test_seeds_that_are_none(tmp_path: Path, capfd: Caught, name: str, seed: str) -> None:
    words = [name, f"--seed={seed}", "-o", tmp_path / "out.png"] + (["photo.png"] if name == "project" else [])
    code, out, err = anycost(capfd, *words)
    assert (code, out) == (2, "")
    assert err.endswith(f"argument --seed: '{seed}' is not a whole number from 0 to 9223372036854775807\n")


def test_attributes_lists_what_edit_takes(capfd: Caught) -> None:
    code, out, err = anycost(capfd, "attributes")
    assert (code, err) == (0, "")
    for name, direction in load_directions().by_name.items():
        assert f"  {name} " in out
        assert direction.about in out
        assert out.count(f"\n{direction.group}\n") + out.startswith(f"{direction.group}\n") == 1

    code, out, err = anycost(capfd, "attributes", "--json")
    assert (code, err) == (0, "")
    listed = json.loads(out)
    assert [attribute["name"] for attribute in listed] == list(load_directions().by_name)
    assert all(attribute.keys() == {"name", "group", "about", "region", "layers"} for attribute in listed)


@pytest.mark.parametrize("words", [(), ("fly",), ("edit",), ("attributes", "--jsno")], ids=" ".join)
def test_words_that_are_not_understood_show_the_usage(capfd: Caught, words: tuple[str, ...]) -> None:
    code, out, err = anycost(capfd, *words)
    assert (code, out) == (2, "")
    assert err.startswith("usage: anycost")
    assert "error: " in err.splitlines()[-1]


def program(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own."""
    quiet = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8", **environment}
    quiet.pop("PYTHONUNBUFFERED", None)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=quiet)


def test_help_explains_every_command_without_loading_anything_heavy() -> None:
    """Nobody waits for torch to read a help page; nor does a console that lacks a letter stop it."""
    done = program(
        """
import sys
from anycost_backend.__main__ import COMMANDS, main
for words in ([], *([name] for name in COMMANDS), ["models", "fetch"]):
    try:
        main([*words, "--help"])
    except SystemExit as leaving:
        assert not leaving.code, (words, leaving.code)
heavy = {"torch", "numpy", "cv2", "pyvips", "openvino", "onnxruntime", "scipy"} & set(sys.modules)
assert not heavy, heavy
""",
        PYTHONIOENCODING="ascii",
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name in command.COMMANDS:
        assert f"usage: anycost {name} " in done.stdout
        assert f"\n    {name}" in done.stdout


def test_listing_and_finding_go_without_torch(photo: Path) -> None:
    done = program(f"""
import sys
from anycost_backend.__main__ import main
assert main(["attributes"]) == 0
assert main(["faces", {str(photo)!r}]) == 0
assert main(["edit", {str(photo)!r}, "--set", "smile=0", "-o", {str(photo.with_name("out.png"))!r}]) == 0
assert "torch" not in sys.modules
""")
    assert (done.returncode, done.stderr) == (0, "")
    assert "face 1: " in done.stdout
    assert np.array_equal(np.asarray(Image.open(photo.with_name("out.png"))), HEAD)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads where Linux lists them")
def test_numpy_has_no_threads_that_spin() -> None:
    code = """
import os
from anycost_backend.__main__ import main
assert main(["attributes"]) == 0
import numpy as np
np.linalg.solve(np.eye(300), np.eye(300))
assert len(os.listdir("/proc/self/task")) == 1
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    """As in `anycost attributes | head -1`."""
    done = program("""
import os, sys
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 1)
from anycost_backend.__main__ import main
sys.exit(main(["attributes"]))
""")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_the_projects(capsys) -> None:
    with pytest.raises(SystemExit) as leaving:
        command.main(["--version"])
    assert not leaving.value.code
    assert capsys.readouterr().out == f"anycost {version('anycost-face-editor')}\n"
