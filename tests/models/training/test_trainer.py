"""The training loop: the same bits after an interruption, on two processes, and safety when numbers go wrong."""

import time
from pathlib import Path

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.training.distillation.distil import distillation_trainer
from anycost_models.training.engine import checkpoints, interrupt
from anycost_models.training.engine.ema_export import export_ema
from anycost_models.training.engine.stage import read_stage
from anycost_models.training.run import train
from training_runs import relative_distance, train_on_two_processes

STAGE = """
name = "tiny"
images = {images}
batch = {batch}
accumulate = {accumulate}
generator = "{weights}"
trainable = "nested."
bfloat16 = false

[data]
pool = 6

[sub_generators]
resolutions = {{ 32 = 1, 64 = 1 }}
channels = "sandwich"
widest_at = 32

[distillation]
perceptual = {perceptual}

[optimizer]
learning_rate = {rate}
"""


@pytest.fixture
def stage(tmp_path):
    """Writes a stage that trains an untrained tiny generator's sub-generators."""
    torch.manual_seed(0)
    weights = tmp_path / "tiny.safetensors"
    save_generator(MobileGenerator(TINY), weights)

    def written(images=8, batch=2, accumulate=1, perceptual=0.0, rate=0.01):
        values = {"images": images, "batch": batch, "accumulate": accumulate, "perceptual": perceptual, "rate": rate}
        path = tmp_path / f"stage-{images}-{batch}-{accumulate}-{rate}.toml"
        path.write_text(STAGE.format(weights=weights, **values))
        return path

    return written


def trained(trainer):
    return {name: p.detach().clone() for name, p in trainer.trained.items()}


def test_a_resumed_training_is_bit_for_bit_the_uninterrupted_one(stage, tmp_path):
    settings = read_stage(stage(images=12))
    whole = distillation_trainer(settings, tmp_path / "whole")
    whole.run()
    assert whole.step == 6

    first = distillation_trainer(settings, tmp_path / "parts")
    for _ in range(3):
        first.run_step()
    first.save()
    second = distillation_trainer(settings, tmp_path / "parts")
    second.resume(checkpoints.find(tmp_path / "parts")[-1])
    second.run()
    assert second.step == 6
    for name, tensor in trained(whole).items():
        assert torch.equal(tensor, second.trained[name]), name
        assert torch.equal(whole.ema[name], second.ema[name]), name


def test_it_stops_in_time_and_the_same_command_goes_on(stage, tmp_path):
    settings = read_stage(stage(images=12))
    stopped = train(settings, tmp_path / "run", until=time.time())
    assert (stopped.step, stopped.result) == (0, None)
    begun = []

    class Clock:
        """Says that the time has come after two steps."""

        @staticmethod
        def time():
            begun.append(None)
            return len(begun)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interrupt, "time", Clock)
        stopped = train(settings, tmp_path / "run", until=3)
    assert (stopped.step, stopped.steps) == (2, 6)
    assert stopped.result.exists()
    assert train(settings, tmp_path / "run").step == 6


def test_accumulated_batches_are_one_large_batch(stage, tmp_path):
    large = distillation_trainer(read_stage(stage(images=8, batch=4)), tmp_path / "large")
    start = trained(large)
    large.run()
    small = distillation_trainer(read_stage(stage(images=8, batch=2, accumulate=2)), tmp_path / "small")
    small.run()
    assert large.step == small.step == 2
    assert relative_distance(trained(large), small.trained, start) < 1e-3


@pytest.mark.slow
def test_two_processes_train_what_one_does_with_the_double_batch(stage, tmp_path):
    one = distillation_trainer(read_stage(stage(images=12, batch=4)), tmp_path / "one")
    start = trained(one)
    one.run()
    saved = train_on_two_processes(stage(images=12, batch=2), tmp_path / "two")
    assert saved["step"] == one.step == 3
    assert relative_distance(trained(one), saved["trained"], start) < 1e-3


def test_training_lowers_the_loss_and_leaves_the_full_network_unchanged(stage, tmp_path):
    settings = read_stage(stage(images=60))
    before = load_generator(Path(settings.generator))
    trainer = distillation_trainer(settings, tmp_path / "run")
    losses = [sum(trainer.run_step().values()) for _ in range(trainer.steps)]
    assert sum(losses[-5:]) < 0.85 * sum(losses[:5])
    export_ema(trainer, tmp_path / "trained.safetensors")
    after = load_generator(tmp_path / "trained.safetensors")
    w = torch.randn(1, 32)
    assert torch.equal(after(w), before(w))
    assert not torch.equal(after.nested.blocks[0].conv1.pointwise, before.nested.blocks[0].conv1.pointwise)


def test_a_loss_that_is_no_number_stops_and_names_the_last_good_checkpoint(stage, tmp_path):
    trainer = distillation_trainer(read_stage(stage()), tmp_path / "run")
    trainer.run_step()
    trainer.save()
    good = checkpoints.find(tmp_path / "run")[-1]
    with torch.no_grad():
        trainer.model.nested.blocks[0].conv1.bias.fill_(torch.nan)
    with pytest.raises(AnycostError, match=rf"no longer a number at step 1.*{good.name}"):
        trainer.run()
    assert checkpoints.find(tmp_path / "run") == [good]  # the broken state is not kept
    assert all(torch.isfinite(tensor).all() for tensor in checkpoints.load(good)["trained"].values())


def test_only_the_newest_checkpoints_are_kept(stage, tmp_path):
    trainer = distillation_trainer(read_stage(stage()), tmp_path / "run")
    for _ in range(4):
        trainer.run_step()
        trainer.save()
    assert [path.name for path in checkpoints.find(tmp_path / "run")] == ["step-00000003.pt", "step-00000004.pt"]


def test_a_damaged_or_foreign_checkpoint_is_refused(stage, tmp_path):
    trainer = distillation_trainer(read_stage(stage()), tmp_path / "run")
    trainer.save()
    path = checkpoints.find(tmp_path / "run")[-1]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AnycostError, match="cannot be read: resume from an older one"):
        trainer.resume(path)
    torch.save({"stage": "another", "trained": {}}, path)
    with pytest.raises(AnycostError, match="a checkpoint of 'another', not of 'tiny'"):
        trainer.resume(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("batch = 2", "bacth = 2"), "bacth"),
        (("batch = 2", 'batch = "two"'), r"Expected `int`, got `str` - at `\$.batch`"),
        (("[data]\npool = 6", "[data]\npools = 6"), "pools"),
        (('name = "tiny"', "name = tiny"), "not valid"),
        (('channels = "sandwich"', 'channels = "sandwhich"'), "sandwhich"),
        (("32 = 1, 64 = 1", "48 = 1"), "48"),
    ],
)
def test_a_wrong_stage_is_refused_with_the_key(stage, tmp_path, change, message):
    path = stage()
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(AnycostError, match=message):
        distillation_trainer(read_stage(path), tmp_path / "run").run()


def test_a_stage_that_trains_nothing_is_refused(stage, tmp_path):
    path = stage()
    path.write_text(path.read_text().replace('trainable = "nested."', 'trainable = "nest."'))
    with pytest.raises(AnycostError, match=r"no parameter's name begins with 'nest\.': name a part"):
        distillation_trainer(read_stage(path), tmp_path / "run")
