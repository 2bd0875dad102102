"""`anycost search` prints the best sub-generator under a budget, and writes and draws fronts."""

import json
from pathlib import Path

import pytest
import torch
from anycost_backend import __main__ as command
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.search.pareto_front import load_front
from PIL import Image

Caught = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy generator, so that searches take seconds."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    torch.manual_seed(0)
    save_generator(MobileGenerator(TINY), path)
    return path


def run(capfd: Caught, weights: Path, *words: object) -> tuple[int, str, str]:
    quick = ("--weights", weights, "--samples", 1, "--population", 4, "--generations", 1)
    try:
        code = command.main(["search", *map(str, (*quick, *words))])
    except SystemExit as leaving:  # argparse's way
        code = int(leaving.code or 0)
    said = capfd.readouterr()
    return code, said.out, said.err


def test_the_best_list_under_a_budget_is_printed(weights: Path, capfd: Caught) -> None:
    code, out, err = run(capfd, weights, "--budget", "0.5M", "--resolution", 64)
    assert (code, err) == (0, "")
    best, uniform, summary = out.splitlines()
    assert best.startswith("best")
    assert uniform.startswith("uniform")
    assert "64 px" in best
    assert " ms " not in best
    assert summary.endswith("lists of channels measured")


def test_json_says_the_same_each_time(weights: Path, capfd: Caught) -> None:
    words = ("--budget", "0.5M", "--resolution", 64, "--json")
    code, out, err = run(capfd, weights, *words)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found.keys() == {"best", "uniform", "measured", "interrupted"}
    assert found["best"]["macs"] <= 500_000
    assert found["best"]["ms"] is None
    assert found["best"]["distance"] <= found["uniform"]["distance"]
    assert len(found["best"]["channels"]) == 8
    assert run(capfd, weights, *words) == (code, out, err)


def test_a_time_is_a_budget_too(weights: Path, capfd: Caught) -> None:
    code, out, _ = run(capfd, weights, "--budget", "60000ms", "--resolution", 32, "--json")
    assert code == 0
    assert 0 < json.loads(out)["best"]["ms"] <= 60000


def test_a_front_is_written_and_drawn(weights: Path, tmp_path: Path, capfd: Caught) -> None:
    output, plot = tmp_path / "front.json", tmp_path / "front.png"
    code, out, err = run(capfd, weights, "--front", "--resolution", 32, "-o", output, "--plot", plot)
    assert (code, err) == (0, "")
    front, generator = load_front(output), load_generator(weights)
    for point in front.points:
        assert generator.cost(point.sub).macs == point.macs
    assert len(out.splitlines()) == len(front.points) + 1
    assert out.endswith(f"lists of channels make the front: {output} written\n")
    assert Image.open(plot).size == (1120, 720)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["front.json", "front.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--budget", "abc"), "'abc' is no budget: write MACs as 0.8G or 650M"),
        (("--budget=-1G",), "'-1G' is no budget"),
        (("--budget", "1"), "'1' is no budget"),
        (("--budget", "0.1M", "--resolution", "32"), "the budget 0.1M is too small: 32 px take at least 1M"),
        (("--budget", "1G", "--resolution", "0"), "this generator draws 16, 32, 64 px, not 0"),
        (("--budget", "1G", "--samples", "0"), "the number of samples is 0: choose one from 1 to"),
        (("--budget", "1G", "--plot", "front.png"), "add --front"),
        (("--front", "--plot", "front.gif"), "give it a name that ends in .png"),
        (("--front", "-o", "nowhere/front.json"), "there is no folder"),
        (("--front", "-o", "front.png", "--plot", "front.png"), "would be written over"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    weights: Path, tmp_path: Path, capfd: Caught, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    resolution = () if "--resolution" in words else ("--resolution", "64")
    code, out, err = run(capfd, weights, *words, *resolution)
    assert (code, out) == (2, "")
    assert err.startswith("anycost search: ")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_budget_or_a_front_must_be_asked_for(weights: Path, capfd: Caught) -> None:
    assert run(capfd, weights)[0] == 2
    assert run(capfd, weights, "--front", "--budget", "1G")[0] == 2
