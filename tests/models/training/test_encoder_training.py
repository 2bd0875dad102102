"""Training the encoder: photographs of generated faces, what stays frozen, the same bits after an interruption."""

import numpy as np
import pytest
import torch
from anycost_models.generators.checkpoint import load_generator
from anycost_models.projection.encoder import load_encoder
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.data.photo_augmentation import PhotoAugmentation, degrade_faces
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.stage import EncoderSettings, OptimizerSettings, read_stage
from anycost_models.training.engine.trainer import Trainer, make_optimizers
from anycost_models.training.inversion.encoder import EncoderTraining
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


def test_an_augmentation_follows_from_the_samples_number():
    faces = list(np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), np.uint8))
    images, targets = degrade_faces(faces, [3, 7], EncoderSettings(), seed=1)
    again = degrade_faces(faces[1:], [7], EncoderSettings(), seed=1)
    assert torch.equal(images[1], again[0][0])
    assert torch.equal(targets[1], again[1][0])
    assert not torch.equal(degrade_faces(faces[1:], [8], EncoderSettings(), seed=1)[0], again[0])
    assert images.shape == (2, 3, 256, 256)


def test_parts_of_a_network_have_their_own_learning_rate_or_are_frozen():
    network = nn.ModuleDict({"trunk": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "head": nn.Linear(2, 2)})
    settings = OptimizerSettings(learning_rate=1.0, rates={"trunk.": 0.25, "trunk.0.": 0})
    (adam,) = make_optimizers(network, settings)
    rates = {id(p): group["lr"] for group in adam.param_groups for p in group["params"]}
    assert rates[id(network["head"].weight)] == 1
    assert rates[id(network["trunk"][1].weight)] == 0.25
    assert id(network["trunk"][0].weight) not in rates
    assert not network["trunk"][0].weight.requires_grad


def test_worker_processes_prepare_the_same_photographs_in_the_same_order(tmp_path):
    path = tmp_path / "stage.toml"
    path.write_text(STAGE.replace("batch = 2", "batch = 1\naccumulate = 2"))
    stage = read_stage(path)
    faces = GeneratedFaces(load_generator(), stage.data, stage.seed, tmp_path, fast=False, side=256)
    faces.fill()
    trainer = Trainer(stage, nn.Module(), [], tmp_path)
    here, there = (PhotoAugmentation(faces, stage.encoder, trainer, workers) for workers in (0, 2))
    for batch in (*trainer.batches(0), *trainer.batches(1), *trainer.batches(0)):
        for own, theirs in zip(here(batch), there(batch), strict=True):
            assert torch.equal(own, theirs)


@pytest.mark.slow
def test_an_encoder_goes_on_after_an_interruption_as_if_there_had_been_none(tmp_path):
    path = tmp_path / "stage.toml"
    path.write_text(STAGE)
    stage = read_stage(path)
    whole = EncoderTraining(stage, stage.encoder, tmp_path / "whole").trainer
    stem = whole.model.trunk.stem.weight.clone()
    whole.run()
    assert whole.step == 2

    first = EncoderTraining(stage, stage.encoder, tmp_path / "parts")
    assert first.sheet(first.encoder).ndim == 3  # rendering it changes nothing
    first.trainer.run_step()
    first.trainer.save()
    second = EncoderTraining(stage, stage.encoder, tmp_path / "parts").trainer
    second.resume(checkpoints.find(tmp_path / "parts")[-1])
    second.run()
    for name, tensor in whole.trained.items():
        # Not to the last bit: the convolutions' gradients differ in theirs from one run to the next.
        assert (tensor - second.trained[name]).norm() <= 1e-4 * tensor.norm(), name
    assert torch.equal(second.model.trunk.stem.weight, stem)

    export_ema(second, tmp_path / "encoder.safetensors")
    encoder = load_encoder(tmp_path / "encoder.safetensors")
    assert encoder(torch.zeros(1, 3, 256, 256)).shape == (1, 16, 512)
