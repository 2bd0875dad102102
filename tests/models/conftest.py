"""Tiny adversarial stages: generators of 32 px that learn from six pictures."""

import pytest
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.stage import read_stage
from anycost_models.training.gan.adversarial import adversarial_trainer
from anycost_models.training.gan.initial_networks import RESULT
from PIL import Image
from skimage.data import astronaut

STAGE = """
name = "tiny"
images = 24
batch = {batch}
accumulate = {accumulate}
bfloat16 = false
{beginning}

[data]
folder = "{pictures}"
flip = true

[sub_generators]
resolutions = {{ 8 = 1, 16 = 1, 32 = 2 }}
channels = "{channels}"

[adversarial]
outputs = 2
r1 = 1.0
r1_every = 2
path_every = 2
sort = {sort}

[discriminator]
channel_multiplier = 0.03125
channel_max = 16

[optimizer]
learning_rate = 2e-3
betas = [0.0, 0.99]
warm_up = 0
"""
SCRATCH = """
[scratch]
resolution = 32
style_dim = 16
mapping_layers = 2
channels = [16, 16, 16, 16, 16, 16, 8, 8]
exits = [8, 16, 32]
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(6):
        Image.fromarray(astronaut()[20 * i : 20 * i + 200, 120:320]).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def stage_file(tmp_path, pictures):
    """Writes a stage: the plain one, or the adaptive one that goes on from the folder `plain`."""

    def written(batch=8, accumulate=1, adaptive=False, **other):
        values = {"batch": batch, "accumulate": accumulate, "pictures": pictures}
        if adaptive:
            values |= {"channels": "sandwich", "sort": "true", "beginning": 'after = "plain"'}
        else:
            values |= {"channels": "full", "sort": "false", "beginning": ""}
        path = tmp_path / f"stage-{batch}-{accumulate}-{adaptive}.toml"
        text = STAGE.format(**(values | other)) + ("" if adaptive or "beginning" in other else SCRATCH)
        path.write_text(text)
        return path

    return written


@pytest.fixture
def plain_run(stage_file, tmp_path):
    """The folder of a finished plain stage."""
    trainer = adversarial_trainer(read_stage(stage_file()), tmp_path / "plain")
    trainer.run()
    export_ema(trainer, tmp_path / "plain" / RESULT)
    return tmp_path / "plain"
