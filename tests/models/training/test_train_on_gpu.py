"""`benchmarks/train_on_gpu.py`, on a CPU: the study from end to end and once more, what it leaves, and its errors."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def gpu_run(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu_run")


def run(folder, *arguments):
    command = [sys.executable, BENCHMARKS / "train_on_gpu.py", "--output", folder, "--device", "cpu", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900)


@pytest.mark.slow
def test_the_study_is_trained_compared_and_continued(tmp_path):
    first = run(tmp_path / "out", "--tiny", "--what", "study", "--share", "0.5", "--minutes", "10")
    assert first.returncode == 0, first.stderr
    study = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["study"]
    assert [stage["steps"] for stage in study["stages"].values()] == [8, 8, 16, 16]
    assert [row["title"] for row in study["table"]][:3] == ["half", "first stage, whole", "second stage, whole"]
    assert len(study["table"]) == 7
    files = list((tmp_path / "out").iterdir())
    assert {path.name for path in files} == {
        "report.json",
        "study.jpg",
        *(f"study_{name}.tar.gz" for name in ("multiresolution", "adaptive", "half", "quarter")),
    }
    assert all(path.stat().st_size < 16 << 20 for path in files)

    second = run(tmp_path / "out", "--tiny", "--what", "study", "--minutes", "10")  # the same goal: nothing to train
    assert second.returncode == 0, second.stderr
    again = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["study"]
    assert again["share"] == 0.5
    assert [row["distance"] for row in again["table"]] == pytest.approx([row["distance"] for row in study["table"]])


def test_it_says_what_helps(tmp_path):
    wrong = run(tmp_path, "--tiny", "--share", "2")
    assert (wrong.returncode, wrong.stderr) == (2, "train_on_gpu: a share of 2: choose one above 0 and up to 1\n")
    if not torch.cuda.is_available():
        missing = run(tmp_path, "--device", "cuda")
        assert "finds no GPU: to try it without one add --device cpu --tiny" in missing.stderr


def test_weights_in_parts_are_the_weights(gpu_run, tmp_path, monkeypatch):
    torch.manual_seed(0)
    save_generator(MobileGenerator(TINY), tmp_path / "whole.safetensors")
    monkeypatch.setattr(gpu_run, "LARGEST", (tmp_path / "whole.safetensors").stat().st_size // 2)
    (tmp_path / "tiny-1-of-1.safetensors").touch()  # of an earlier run
    parts = gpu_run.save_parts(tmp_path / "whole.safetensors", tmp_path, "tiny")
    assert len(parts) > 1
    assert sorted(tmp_path.glob("tiny-*")) == sorted(parts)
    joined = load_generator(gpu_run.join_parts(tmp_path, "tiny", tmp_path / "joined.safetensors"))
    whole = load_generator(tmp_path / "whole.safetensors")
    assert all(torch.equal(tensor, joined.state_dict()[name]) for name, tensor in whole.state_dict().items())

    parts[0].unlink()
    with pytest.raises(AnycostError, match="one is missing: copy all of them"):
        gpu_run.join_parts(tmp_path, "tiny", tmp_path / "joined.safetensors")
    assert gpu_run.join_parts(tmp_path, "other", tmp_path / "joined.safetensors") is None


def test_the_share_that_fits_is_that_of_the_slowest_chain(gpu_run):
    one = [(1000, 0, 10), (1000, 100, 10)]  # 200 s, of which 10 are done
    other = [(3000, 0, 20)]  # 150 s
    assert gpu_run.share_that_fits([one, other], 90) == pytest.approx(0.5)
    assert gpu_run.share_that_fits([other], 90) == pytest.approx(0.6)
    assert gpu_run.share_that_fits([one, other], 1000) == 1.0
    assert gpu_run.share_that_fits([], 10) == 1.0
    assert gpu_run.share_that_fits([other], -10) == 0.0
