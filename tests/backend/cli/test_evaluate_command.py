"""`anycost evaluate`: what it prints of the embedded model, for people and for programs."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from anycost_backend import __main__ as command
from anycost_models.face.labels import LABELS
from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.stylegan2 import TINY, StyleGAN2Generator
from anycost_models.projection import scores
from PIL import Image
from safetensors.numpy import save_file

Caught = pytest.CaptureFixture[str]
QUICK = ("--samples", 2, "--resolution", 64, "--channels", 1)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The weights of an untrained generator."""
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    save_generator(StyleGAN2Generator(TINY), path)
    return path


def evaluate(capfd: Caught, *words: object) -> tuple[int, str, str]:
    """The exit code and what was printed, to stdout and stderr."""
    try:
        code = command.main(["evaluate", *(str(word) for word in words)])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err


def test_consistency_prints_one_object_per_sub_generator(capfd: Caught) -> None:
    flexible = [512] * 8 + [256, 128]
    code, out, err = evaluate(
        capfd,
        "consistency",
        "--samples",
        2,
        "--resolution",
        128,
        "--channels",
        0.25,
        ",".join(map(str, flexible)),
        "--json",
    )
    assert (code, err) == (0, "")
    quarter, mixed = json.loads(out)
    assert list(quarter) == ["resolution", "channels", "psnr", "enl0", "macs_ratio", "ms"]
    assert (quarter["resolution"], quarter["channels"]) == (128, 0.25)
    assert (mixed["resolution"], mixed["channels"]) == (128, flexible)
    for row in (quarter, mixed):
        assert 15 < row["psnr"] < 50
        assert 0 < row["enl0"] < 1.5
        assert row["ms"] > 0
    assert quarter["macs_ratio"] == pytest.approx(0.0872, abs=0.001)
    assert quarter["macs_ratio"] < mixed["macs_ratio"] < 0.2


def test_consistency_for_people_says_what_was_measured_and_draws_it(tmp_path: Path, capfd: Caught) -> None:
    sheet = tmp_path / "sheet.png"
    code, out, err = evaluate(capfd, "consistency", *QUICK, "--seed", 3, "--fast", "--sheet", sheet)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("2 held-out faces (seed 3, ψ 0.7), bfloat16")
    assert lines[1].split() == ["sub-generator", "PSNR", "ENL0", "cost", "ms"]
    assert lines[2].split()[:4] == ["64", "px", "×", "1"]
    assert lines[-1] == f"sheet written to {sheet}"
    width, height = Image.open(sheet).size
    assert height > 2 * 192
    assert width > 192


@pytest.mark.parametrize(("measure", "fields"), [("fd", ["fd_enl0", "floor"]), ("path", ["path_length", "full"])])
def test_a_generator_of_ones_own_is_measured(tiny: Path, capfd: Caught, measure: str, fields: list[str]) -> None:
    words = (measure, "--weights", tiny, "--samples", 3, "--resolution", 32, "--channels", 0.5)
    code, out, err = evaluate(capfd, *words, "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert list(row) == ["resolution", "channels", *fields]
    assert (row["resolution"], row["channels"]) == (32, 0.5)
    code, out, err = evaluate(capfd, *words)
    assert (code, err) == (0, "")
    shown = out.splitlines()[2].split()
    assert shown[:4] == ["32", "px", "×", "0.5"]
    assert [float(number) for number in shown[4:]] == pytest.approx([row[field] for field in fields], rel=0.01)


def test_attributes_are_told_one_by_one(capfd: Caught) -> None:
    code, out, err = evaluate(capfd, "attributes", *QUICK, "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert list(row) == ["resolution", "channels", "difference", "correlation", "labels"]
    assert list(row["labels"]) == list(LABELS)
    assert row["labels"]["yaw"]["difference"] < row["difference"] < 5
    assert row["labels"]["yaw"]["correlation"] == pytest.approx(1)  # as of any two faces whose order is right


def test_what_is_no_face_has_no_attributes(tiny: Path, capfd: Caught) -> None:
    words = ("attributes", "--weights", tiny, "--samples", 2, "--resolution", 32, "--channels", 0.5)
    code, out, err = evaluate(capfd, *words, "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert row["difference"] is row["labels"]["smile"]["correlation"] is None
    code, out, err = evaluate(capfd, *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[2].split() == ["32", "px", "×", "0.5", "nan", "nan", "smile", "nan", "nan"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--samples", "1"), "1 samples: choose between 2 and 100000"),
        (("--resolution", "100"), "draws 64, 128, 256, 512, 1024 px, not 100"),
        (("--channels", "0.3"), "no channel ratio 0.3"),
        (("--truncation", "2"), "the truncation is 2"),
        (("--seed", "1000000000"), "the seed is 1000000000"),
        (("--model", "nobody"), "no model 'nobody'"),
        (("--weights", "nowhere.safetensors"), "nowhere.safetensors is missing"),
        (("--weights", "other.safetensors"), "holds diffusion"),
        (("--sheet", "sheet.webp"), "give it a name that ends in"),
        (("--sheet", "nowhere/sheet.png"), "there is no folder"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_file({"x": np.zeros(1)}, "other.safetensors", {"family": "diffusion"})
    code, out, err = evaluate(capfd, "consistency", *words)
    assert (code, out) == (2, "")
    assert err.startswith("anycost evaluate: ")
    assert message in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["other.safetensors"]


@pytest.mark.parametrize("words", [(), ("speed",), ("fd", "--sheet", "x.png"), ("fd", "--channels", "512,x")])
def test_words_that_are_not_understood_show_the_usage(capfd: Caught, words: tuple[str, ...]) -> None:
    code, out, err = evaluate(capfd, *words)
    assert (code, out) == (2, "")
    assert err.startswith("usage: anycost")
    assert "error: " in err


def test_projection_measures_photos_and_generated_faces(
    tmp_path: Path, home: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "TYPICAL_FACES", 2)
    folder, sheet = tmp_path / "photos", tmp_path / "sheet.png"
    folder.mkdir()
    Image.fromarray(skimage.data.astronaut()).save(folder / "astronaut.png")
    Image.new("RGB", (300, 200)).save(folder / "nobody.png")
    Image.new("RGB", (16, 16)).save(folder / "square.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    code, out, err = evaluate(capfd, "projection", folder, "--generated", 1, "--budget", 0, "--json", "--sheet", sheet)
    assert code == 0
    assert "nobody.png" in err
    assert "broken.jpg" in err
    found = json.loads(out)
    rows = found["images"]
    assert [(row["image"], row["stage"]) for row in rows] == [
        ("astronaut.png", "encoder"),
        ("square.png", "encoder"),
        ("generated 1", "encoder"),
    ]
    assert rows[0]["same_person"] in (True, False)
    assert rows[0]["psnr"] > 10
    assert rows[2]["clean"]["psnr"] > 15
    assert found["summary"]["encoder"]["faces"] == 3
    assert Image.open(sheet).size[0] > 5 * 192


def test_projection_refuses_what_there_is_not(tmp_path: Path, capfd: Caught) -> None:
    for words in (("projection",), ("projection", tmp_path / "nowhere")):
        code, out, err = evaluate(capfd, *words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
