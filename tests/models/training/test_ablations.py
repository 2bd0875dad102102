"""`benchmarks/ablations.py`: each of its stages lacks one part of the shipped one, and no more."""

import importlib
from pathlib import Path

import msgspec
import pytest
from anycost_models.training.engine.stage import find_stage, read_stage
from anycost_models.training.gan.initial_networks import initial_discriminator, initial_generator

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
STUDY = BENCHMARKS / "study"


@pytest.fixture
def ablations(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("ablations")


def test_each_stage_lacks_one_part(ablations, tmp_path):
    whole = msgspec.to_builtins(find_stage("study_adaptive"))
    found = {}
    for name in ablations.VARIANTS:
        (tmp_path / "stage.toml").write_text(ablations.stage_text(name, 1000))
        stage = msgspec.to_builtins(read_stage(tmp_path / "stage.toml"))
        assert (stage.pop("name"), stage.pop("images"), stage.pop("batch")) == (name, 1000, 64)
        found[name] = [table for table, value in stage.items() if value != whole[table]]
    assert list(found.values()) == [[], ["discriminator"], ["distillation"], ["adversarial"]]


@pytest.mark.parametrize(("name", "layers"), [("ablation_none", 8), ("ablation_condition", 0)])
def test_the_discriminator_of_the_first_stage_goes_on_with_and_without_a_condition(ablations, tmp_path, name, layers):
    (tmp_path / "stage.toml").write_text(ablations.stage_text(name, 1000))
    stage = read_stage(tmp_path / "stage.toml")
    generator = initial_generator(stage, STUDY / name)
    assert initial_discriminator(stage, STUDY / name, generator).config.layers == layers
