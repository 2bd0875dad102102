"""`anycost train`: a stage from end to end, and after Ctrl-C as if nothing had been."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from anycost_backend import __main__ as command
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from PIL import Image
from skimage.data import astronaut

Caught = pytest.CaptureFixture[str]

STAGE = """
name = "tiny"
images = {images}
batch = 4
bfloat16 = false
sheet_steps = 2

[scratch]
resolution = 16
style_dim = 8
mapping_layers = 1
channels = [8, 8, 8, 8, 8, 8]
exits = [8, 16]

[data]
folder = "{pictures}"

[sub_generators]
resolutions = {{ 8 = 1, 16 = 1 }}

[adversarial]

[discriminator]
channel_multiplier = 0.01
channel_max = 8
"""


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A stage of 3 steps that learns from two images."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(2):
        Image.fromarray(astronaut()[: 256 + i]).save(pictures / f"{i}.jpg")
    return written(tmp_path / "tiny.toml", pictures, 12)


def written(path: Path, pictures: Path, images: int) -> Path:
    path.write_text(STAGE.format(pictures=pictures, images=images))
    return path


def train(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr without the progress bar."""
    try:
        code = command.main(["train", *map(str, words)])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err.split("\r")[-1]


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "scalars.jsonl").read_text().splitlines()]


def test_a_stage_runs_to_its_end_and_leaves_what_it_made(stage: Path, tmp_path: Path, capfd: Caught) -> None:
    output = tmp_path / "run"
    code, out, _ = train(capfd, stage, "--output", output)
    assert (code, out) == (0, f"trained: {output / 'trained.safetensors'}\n")
    assert load_generator(output / "trained.safetensors")(torch.zeros(1, 8), SubGenerator(8)).shape == (1, 3, 8, 8)
    assert steps(output) == [1, 2, 3]
    first = json.loads((output / "scalars.jsonl").read_text().splitlines()[0])
    assert first["images"] == 4
    assert {"discriminator/fake", "discriminator/real", "r1/penalty", "generator/adversarial"} < first.keys()
    assert [path.name for path in sorted((output / "sheets").iterdir())] == ["step-00000002.png", "step-00000003.png"]
    assert Image.open(output / "sheets" / "step-00000003.png").width > 2 * 128
    assert Image.open(output / "curves.png").size == (1120, 720)
    assert train(capfd, stage, "--output", output)[:2] == (code, out)  # nothing is left to do
    assert steps(output) == [1, 2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(stage: Path, tmp_path: Path, capfd: Caught) -> None:
    output = tmp_path / "run"
    written(stage, tmp_path / "pictures", 1_000_000)
    words = [sys.executable, "-m", "anycost_backend", "train", stage, "--output", output]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        limit = time.monotonic() + 120
        while not (output / "scalars.jsonl").exists() or len(steps(output)) < 3:
            assert time.monotonic() < limit
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    done = steps(output)[-1]
    assert process.returncode == 2
    assert out == f"trained so far: {output / 'trained.safetensors'}\n"
    assert f"stopped after step {done} of 250000: the same command goes on from there" in err
    assert "Traceback" not in err
    written(stage, tmp_path / "pictures", 4 * (done + 2))
    assert train(capfd, stage, "--output", output)[0] == 0
    assert steps(output) == list(range(1, done + 3))


def test_what_was_recorded_after_the_checkpoint_is_recorded_anew(stage: Path, tmp_path: Path, capfd: Caught) -> None:
    output = tmp_path / "run"
    assert train(capfd, stage, "--output", output)[0] == 0
    with (output / "scalars.jsonl").open("a") as file:
        file.write('{"step": 4, "images": 16}\n{"step": 5, "ima')  # by a run that was killed
    written(stage, tmp_path / "pictures", 20)
    assert train(capfd, stage, "--output", output)[0] == 0
    assert steps(output) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("batch = 4", "batches = 4"), "unknown field `batches`"),
        (("batch = 4", "batch = 3"), "choose a multiple of 4"),
        (("pictures", "paintings"), "there is no folder"),
        (("images = 12", "images = 12\ngenerator = 'there.safetensors'"), "exactly one of"),
    ],
)
def test_a_bad_stage_is_refused_in_one_line(
    stage: Path, tmp_path: Path, capfd: Caught, change: tuple[str, str], message: str
) -> None:
    stage.write_text(stage.read_text().replace(*change))
    code, out, err = train(capfd, stage, "--output", tmp_path / "run")
    assert (code, out) == (2, "")
    assert err.startswith("anycost train: ")
    assert message in err
    assert err.count("\n") == 1


def test_an_unknown_stage_lists_those_that_are_shipped(tmp_path: Path, capfd: Caught) -> None:
    code, _, err = train(capfd, "huge", "--output", tmp_path / "run")
    assert code == 2
    assert "there is no stage 'huge'" in err
    assert "small_multiresolution" in err
    assert not (tmp_path / "run").exists()
