"""Invalid adversarial stages, and the shipped ones."""

import msgspec
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY as TINY_MOBILE
from anycost_models.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from anycost_models.training.engine import checkpoints
from anycost_models.training.engine.stage import find_stage, read_stage
from anycost_models.training.run import build_trainer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("batch = 8", "batch = 6"), "the batch is 6: choose a multiple of 4"),
        (("batch = 8", "batch = 0"), r"Expected `int` >= 1 - at `\$.batch`"),
        (("outputs = 2", "output = 2"), "unknown field `output`"),
        (("r1 = 1.0", "r1 = -1.0"), r"at `\$.adversarial.r1`"),
        (("exits = [8, 16, 32]", "exits = [16, 32]"), "the generator renders 16, 32 px: take `resolutions` of those"),
        (("8 = 1, 16 = 1, 32 = 2", "8 = 1, 16 = 1"), "the last one among them, not 8, 16"),
        (("resolution = 32", "resolution = 33"), "choose a power of two"),
        (("16, 16, 8, 8]", "16, 12, 12, 8]"), "the ratio 1 leaves .*none is more than twice the next octave's"),
        (("bfloat16 = false", 'after = "other"'), "exactly one of `scratch`, `after` and `generator`"),
        (("[scratch]\n", "[scratch]\nsize = 3\n"), "unknown field `size`"),
        (("[adversarial]\noutputs = 2\nr1 = 1.0\nr1_every = 2\npath_every = 2\nsort = false", ""), "`scratch` needs"),
    ],
)
def test_an_invalid_stage_is_refused(stage_file, tmp_path, change, message):
    path = stage_file()
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(AnycostError, match=message):
        build_trainer(read_stage(path), tmp_path / "run")


def test_a_missing_initial_network_is_named(stage_file, tmp_path):
    path = stage_file(adaptive=True)
    with pytest.raises(AnycostError, match=r"plain.trained.safetensors, which is missing: run the stage before it"):
        build_trainer(read_stage(path), tmp_path / "run")
    save_generator(MobileGenerator(TINY_MOBILE), tmp_path / "mobile.safetensors")
    path.write_text(path.read_text().replace('after = "plain"', f'generator = "{tmp_path}/mobile.safetensors"'))
    with pytest.raises(AnycostError, match=r"mobile.safetensors is not a StyleGAN2 generator"):
        build_trainer(read_stage(path), tmp_path / "run")


def test_a_discriminator_of_other_sizes_is_refused(stage_file, plain_run, tmp_path):
    path = stage_file(adaptive=True)
    path.write_text(path.read_text().replace("channel_max = 16", "channel_max = 12"))
    with pytest.raises(AnycostError, match=r"other sizes \(.*\): give this stage the same"):
        build_trainer(read_stage(path), tmp_path / "run")
    for checkpoint in checkpoints.find(plain_run):
        checkpoint.unlink()
    with pytest.raises(AnycostError, match="has no checkpoint, so no discriminator"):
        build_trainer(read_stage(path), tmp_path / "run")


def test_a_checkpoint_of_other_sizes_is_refused(stage_file, plain_run, tmp_path):
    path = stage_file()
    path.write_text(path.read_text().replace("channels = [16,", "channels = [12,"))
    trainer = build_trainer(read_stage(path), tmp_path / "run")[0]
    before = {name: p.detach().clone() for name, p in trainer.trained.items()}
    with pytest.raises(AnycostError, match="has networks of other sizes: continue with the stage file that began it"):
        trainer.resume(checkpoints.find(plain_run)[-1])
    assert all(torch.equal(parameter, before[name]) for name, parameter in trainer.trained.items())


def test_a_score_that_is_no_number_stops_the_training(stage_file, tmp_path):
    trainer = build_trainer(read_stage(stage_file()), tmp_path / "run")[0]
    trainer.run_step()
    trainer.save()
    with torch.no_grad():
        trainer.auxiliary.discriminator.score.bias.fill_(torch.nan)
    with pytest.raises(AnycostError, match=r"the loss \(discriminator: fake nan\) is no longer a number at step 1"):
        trainer.run()
    assert [path.name for path in checkpoints.find(tmp_path / "run")] == ["step-00000001.pt"]


def test_shipped_stages_fit_each_other():
    plain, adaptive, quarter = (find_stage(f"small_{name}") for name in ("multiresolution", "adaptive", "quarter"))
    generator = StyleGAN2Generator(_config(plain))
    assert _config(quarter).channels == generator.config.uniform_widths(0.25)
    assert plain.data == msgspec.structs.replace(adaptive.data, kept_by="")
    assert quarter.data == adaptive.data
    assert plain.discriminator == adaptive.discriminator == quarter.discriminator
    assert plain.seed == adaptive.seed == quarter.seed
    assert quarter.images == plain.images + adaptive.images


def _config(stage):
    return StyleGAN2Config(**msgspec.structs.asdict(stage.scratch))
