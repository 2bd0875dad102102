"""Training the encoder: photographs of generated faces, what stays frozen, the same bits after an interruption."""

import pytest
import torch
from anycost_models.encoder import load_encoder
from anycost_models.training import state
from anycost_models.training.encoder import EncoderTraining, photographs_of
from anycost_models.training.loop import optimizers
from anycost_models.training.result import export_ema
from anycost_models.training.stage import Encoding, Optimizer, read_stage
from torch import nn

STAGE = """
name = "tiny-encoder"
images = 4
batch = 2
bfloat16 = false

[data]
pool = 4
exit = 256

[sub_generators]
resolutions = { 128 = 1 }
channels = "uniform"

[encoder]
drawn = 1
sub_generators = 1
solved = 3

[optimizer]
rates = { "trunk." = 0.2, "trunk.stem." = 0 }
"""


def test_a_photograph_follows_from_its_number():
    pictures = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    latents = torch.zeros(2, 16, 512)
    taken = photographs_of(pictures, latents, [3, 7], Encoding(), seed=1)
    again = photographs_of(pictures[1:], latents[1:], [7], Encoding(), seed=1)
    assert torch.equal(taken.images[1], again.images[0])
    assert torch.equal(taken.targets[1], again.targets[0])
    other = photographs_of(pictures[1:], latents[1:], [8], Encoding(), seed=1)
    assert not torch.equal(other.images, again.images)
    assert taken.images.shape == (2, 3, 256, 256)
    assert taken.images.abs().max() <= 1


def test_a_part_can_learn_slowly_or_not_at_all():
    network = nn.ModuleDict({"trunk": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "head": nn.Linear(2, 2)})
    settings = Optimizer(learning_rate=1.0, rates={"trunk.": 0.25, "trunk.0.": 0})
    (adam,) = optimizers(network, settings)
    rates = {id(p): group["lr"] for group in adam.param_groups for p in group["params"]}
    assert rates[id(network["head"].weight)] == 1
    assert rates[id(network["trunk"][1].weight)] == 0.25
    assert id(network["trunk"][0].weight) not in rates
    assert not network["trunk"][0].weight.requires_grad


@pytest.mark.slow
def test_an_encoder_goes_on_after_an_interruption_as_if_there_had_been_none(tmp_path):
    path = tmp_path / "stage.toml"
    path.write_text(STAGE)
    stage = read_stage(path)
    whole = EncoderTraining(stage, stage.encoder, tmp_path / "whole").trainer
    stem = whole.student.trunk.stem.weight.clone()
    whole.run()
    assert whole.step == 2

    first = EncoderTraining(stage, stage.encoder, tmp_path / "parts")
    assert first.sheet(first.encoder).ndim == 3  # drawing it changes nothing
    first.trainer.run_step()
    first.trainer.save()
    second = EncoderTraining(stage, stage.encoder, tmp_path / "parts").trainer
    second.resume(state.checkpoints(tmp_path / "parts")[-1])
    second.run()
    for name, tensor in whole.trained.items():
        # Not to the last bit: the convolutions' gradients differ in theirs from one run to the next.
        assert (tensor - second.trained[name]).norm() <= 1e-4 * tensor.norm(), name
    assert torch.equal(second.student.trunk.stem.weight, stem)

    export_ema(second, tmp_path / "encoder.safetensors")
    encoder = load_encoder(tmp_path / "encoder.safetensors")
    assert encoder(torch.zeros(1, 3, 256, 256)).shape == (1, 16, 512)
