"""Adversarial training: both stages of Anycost GANs, the same bits after an interruption and on two processes."""

import copy
import json

import msgspec
import pytest
import torch
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Generator
from anycost_models.training.data.image_dataset import open_dataset
from anycost_models.training.engine import checkpoints, sub_generator_sampling
from anycost_models.training.engine.sample_sheet import sample_sheet
from anycost_models.training.engine.stage import SubGeneratorSampling, read_stage
from anycost_models.training.gan.adversarial import AdversarialLosses, adversarial_trainer, render
from anycost_models.training.gan.discriminator import GROUP, encode_architecture
from anycost_models.training.gan.distance import TrainingDistance
from anycost_models.training.gan.generator_inputs import sample_inputs
from anycost_models.training.gan.initial_networks import RESULT
from anycost_models.training.run import build_trainer
from PIL import Image
from training_runs import relative_distance, train_on_two_processes


def losses_of(trainer) -> AdversarialLosses:
    return trainer.phases[0].losses.__self__


def everything(trainer):
    """All trained tensors by name."""
    generator = {f"generator.{name}": p for name, p in trainer.trained.items()}
    return {name: p.detach().clone() for name, p in (generator | trainer.auxiliary.state_dict()).items()}


# The training loop


@pytest.mark.parametrize("adaptive", [False, True], ids=["plain", "adaptive"])
def test_a_resumed_training_is_bit_for_bit_the_uninterrupted_one(stage_file, plain_run, tmp_path, adaptive):
    settings = msgspec.structs.replace(read_stage(stage_file(adaptive=adaptive)), images=48)
    whole = build_trainer(settings, tmp_path / "whole")[0]
    whole.run()

    first = build_trainer(settings, tmp_path / "parts")[0]
    for _ in range(3):
        first.run_step()
    first.save()
    second = build_trainer(settings, tmp_path / "parts")[0]
    second.resume(checkpoints.find(tmp_path / "parts")[-1])
    second.run()
    assert second.step == whole.step == 6
    found = everything(second)
    for name, tensor in everything(whole).items():
        assert torch.equal(tensor, found[name]), name
    for name, tensor in whole.ema.items():
        assert torch.equal(tensor, second.ema[name]), name


def test_accumulated_batches_are_one_large_batch(stage_file, tmp_path):
    large = adversarial_trainer(read_stage(stage_file(batch=8)), tmp_path / "large")
    start = everything(large)
    large.run()
    small = adversarial_trainer(read_stage(stage_file(batch=4, accumulate=2)), tmp_path / "small")
    small.run()
    assert large.step == small.step == 3
    assert relative_distance(everything(large), everything(small), start) < 1e-3


@pytest.mark.slow
def test_two_processes_train_what_one_does_with_the_double_batch(stage_file, tmp_path):
    one = adversarial_trainer(read_stage(stage_file(batch=8)), tmp_path / "one")
    start = everything(one)
    one.run()
    folder = tmp_path / "two"
    saved = train_on_two_processes(stage_file(batch=4), folder)
    assert saved["step"] == one.step == 3
    found = {f"generator.{name}": p for name, p in saved["trained"].items()} | saved["opponent"]
    assert relative_distance(everything(one), found, start) < 1e-3
    assert found["path_length"] > 0
    assert (folder / "scalars.jsonl").read_text().count("\n") == 3  # of the first process only


def test_the_result_is_the_average_with_its_mean_style(stage_file, plain_run, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file()), plain_run)
    trainer.resume(checkpoints.find(plain_run)[-1])
    result = load_generator(plain_run / RESULT)
    assert isinstance(result, StyleGAN2Generator)
    for name, tensor in trainer.ema.items():
        assert torch.equal(result.get_parameter(name), tensor), name
    assert not torch.equal(result.constant, trainer.model.constant)
    assert result.mean_style.norm() > 0


def test_the_distance_to_the_training_images_is_recorded_with_the_sheets(stage_file, tmp_path):
    path = stage_file()
    path.write_text(path.read_text().replace("[adversarial]", "[adversarial]\nmeasured = 8"))
    stage, folder = read_stage(path), tmp_path / "run"
    trainer = adversarial_trainer(stage, folder)
    trainer.run()
    rows = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    assert [("distance/1" in row) for row in rows] == [False, False, True]
    distance = TrainingDistance(open_dataset(stage, 32, folder, False), 8)
    with trainer.ema_weights() as averaged:
        assert rows[-1]["distance/1"] == pytest.approx(distance(averaged, SubGenerator(32)), rel=1e-4)
    assert len(distance.known) == 6
    ratios = distance.of_stage(msgspec.structs.replace(stage.sub_generators, channels="sandwich"), trainer.model)
    assert list(ratios) == ["distance/1", "distance/0.5", "distance/0.25"]
    assert len(set(ratios.values())) == 3


# Samples of a step


def test_each_resolution_enters_the_discriminator_by_its_own_convolution(stage_file, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file()), tmp_path / "run")
    losses, seen = losses_of(trainer), set()
    for step in range(12):
        outputs = losses.outputs(step)
        seen.update(outputs)
        assert outputs == sorted(outputs)
        assert len(outputs) == 2
    assert seen == {8, 16, 32}
    before = {size: entry.weight.detach().clone() for size, entry in losses.discriminator.entries.items()}
    outputs = losses.outputs(0)
    trainer.run_phase(trainer.phases[0])
    changed = {int(r) for r, entry in losses.discriminator.entries.items() if not torch.equal(entry.weight, before[r])}
    assert changed == set(outputs)


def test_real_images_get_random_architecture_codes_and_fakes_their_own(stage_file, plain_run, tmp_path, monkeypatch):
    trainer = adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run")
    losses, generator = losses_of(trainer), trainer.model
    codes = []
    forward = losses.discriminator.forward
    monkeypatch.setattr(losses.discriminator, "forward", lambda image, code: codes.append(code) or forward(image, code))
    trainer.run_phase(trainer.phases[0])
    sub, outputs = losses.sub_generator(0), losses.outputs(0)
    for i, resolution in enumerate(outputs):
        fake, real = codes[2 * i : 2 * i + 2]
        widths = generator.widths(SubGenerator(resolution, generator.widths(sub)))
        assert torch.equal(fake, encode_architecture(generator.config.channels, widths))
        assert real.shape == (8, 4 * len(generator.config.channels))
        runs = real.view(8, -1, 4).sum(2)[0].tolist()
        assert runs == [1.0] * generator.config.layers_at(resolution) + [0.0] * (
            len(runs) - generator.config.layers_at(resolution)
        )


def test_images_of_a_deviation_group_get_one_architecture_code(stage_file, plain_run, tmp_path):
    """Different modulations within a group would raise the deviation of real images above that of fakes."""
    losses = losses_of(adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run"))
    _, codes = losses.real(range(16 * GROUP), 32)
    assert all(len(group.unique(dim=0)) == 1 for group in codes.split(GROUP))
    assert len(codes.unique(dim=0)) > 4


def test_a_sandwich_is_a_quarter_widest_a_quarter_narrowest(stage_file, plain_run, tmp_path):
    generator, sampling = (
        load_generator(plain_run / RESULT),
        SubGeneratorSampling(resolutions={32: 1.0}, channels="sandwich"),
    )
    sampled = [sub_generator_sampling.sample_sub_generator(generator, sampling, 32, 0, number) for number in range(400)]
    assert 70 < sampled.count(SubGenerator(32)) < 130
    assert 70 < sampled.count(SubGenerator(32, 0.25)) < 130
    assert len(set(sampled)) > 50


def test_the_inputs_of_a_sample_do_not_depend_on_its_batch(plain_run):
    generator = load_generator(plain_run / RESULT)
    together = sample_inputs(generator, range(4, 12), 32, 7, 0.5)
    apart = [sample_inputs(generator, range(i, i + 1), 32, 7, 0.5) for i in range(4, 12)]
    assert torch.equal(together.z, torch.cat([one.z for one in apart]))
    for level, noise in enumerate(together.noise):
        assert torch.equal(noise, torch.cat([one.noise[level] for one in apart]))
    mixed = together.crossover < generator.config.styles
    assert 0 < mixed.sum() < 8
    w = together.wplus(generator)
    assert torch.equal((w[:, 0] != w[:, -1]).any(1), mixed)
    assert not torch.equal(sample_inputs(generator, range(4, 12), 32, 8, 0.5).z, together.z)


def test_bfloat16_rendering_is_close_and_differentiable(plain_run):
    generator = load_generator(plain_run / RESULT).requires_grad_(True)
    inputs = sample_inputs(generator, range(4), 32, 0, 0.9)
    sub = SubGenerator(32, 0.5)
    exact, fast = (render(generator, inputs, sub, bf16) for bf16 in (False, True))
    assert fast[32].dtype == torch.float32
    assert (exact[32] - fast[32]).square().mean() < 1e-3 * exact[32].var()
    assert not torch.equal(exact[32], fast[32])
    fast[32].square().sum().backward()
    assert generator.convs[3].weight.grad.abs().sum() > 0
    assert generator.mapping.layers[0].weight.grad.abs().sum() > 0


# The phases


def test_r1_flattens_the_score_around_real_images(stage_file, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file()), tmp_path / "run")
    r1 = next(phase for phase in trainer.phases if phase.name == "r1")
    penalties = [trainer.run_phase(r1)["r1/penalty"] for _ in range(20)]
    assert all(0 < penalty < float("inf") for penalty in penalties)
    assert penalties[-1] < 0.7 * penalties[0]


def test_path_lengths_become_more_even(stage_file, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file()), tmp_path / "run")
    trainer.run_step()
    even = next(phase for phase in trainer.phases if phase.name == "path_length")
    length = trainer.run_phase(even)["path_length/length"]
    trainer.auxiliary.path_length.fill_(0.9 * length)
    off = [trainer.run_phase(even)["path_length/penalty"] for _ in range(10)]
    assert all(0 <= penalty < float("inf") for penalty in off)
    assert off[-1] < 0.7 * off[0]


def test_the_mean_path_length_follows_the_measured_ones(stage_file, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file()), tmp_path / "run")
    assert trainer.auxiliary.path_length == 0
    means = trainer.run_step()
    assert trainer.auxiliary.path_length == pytest.approx(0.01 * means["path_length/length"])


@pytest.mark.slow
def test_fakes_approach_the_real_images(stage_file, tmp_path):
    """From a folder of green images the generator learns at least the colour."""
    folder = tmp_path / "green"
    folder.mkdir()
    Image.new("RGB", (40, 40), (30, 200, 60)).save(folder / "green.png")
    settings = msgspec.structs.replace(
        read_stage(stage_file(batch=4, pictures=folder)), images=4 * 30, ema_half_life=20.0
    )
    trainer = adversarial_trainer(settings, tmp_path / "run")
    real = (torch.tensor([30, 200, 60]) / 127.5 - 1)[:, None, None]
    inputs = sample_inputs(trainer.model, range(8), 32, 1, 0.0)

    def error():
        with torch.no_grad(), trainer.ema_weights() as generator:
            images = render(generator, inputs, SubGenerator(32), fast=False)
        return {size: (image - real).square().mean() for size, image in images.items()}

    before = error()
    trainer.run()
    for size, after in error().items():
        assert after < 0.8 * before[size], size


# The adaptive stage


def test_the_adaptive_stage_goes_on_from_the_plain_one(stage_file, plain_run, tmp_path):
    plain = adversarial_trainer(read_stage(stage_file()), plain_run)
    plain.resume(checkpoints.find(plain_run)[-1])
    trainer = adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run")
    losses, before = losses_of(trainer), load_generator(plain_run / RESULT)
    inputs = sample_inputs(before, range(4), 32, 0, 0.9)
    images = [render(model, inputs, SubGenerator(32), fast=False)[32] for model in (before, trainer.model)]
    torch.testing.assert_close(*images, atol=1e-5, rtol=1e-5)  # its channels are sorted
    code = losses.code(SubGenerator(32, 0.5), 32)
    old = plain.auxiliary.discriminator(images[0])
    torch.testing.assert_close(losses.discriminator(images[0], code), old, atol=1e-5, rtol=1e-5)
    assert {phase.name for phase in trainer.phases} == {"discriminator", "r1", "generator"}  # no path length


def test_the_adaptive_stage_leaves_its_teacher_alone(stage_file, plain_run, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run")
    teacher = losses_of(trainer).teacher
    before = copy.deepcopy(teacher.state_dict())
    start = everything(trainer)
    means = trainer.run_step()
    assert all(means[f"generator/{term}"] > 0 for term in ("adversarial", "squared", "perceptual"))
    assert all(torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    assert not torch.equal(everything(trainer)["generator.constant"], start["generator.constant"])


def test_the_discriminator_learns_to_use_the_architecture_code(stage_file, plain_run, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run")
    losses, image = losses_of(trainer), torch.zeros(4, 3, 32, 32)
    trainer.run()
    codes = [losses.code(SubGenerator(32, ratio), 32) for ratio in (0.25, 1.0)]
    assert not torch.equal(*(losses.discriminator(image, code) for code in codes))


def test_a_sheet_shows_the_averaged_sub_generators_and_changes_nothing(stage_file, plain_run, tmp_path):
    trainer = adversarial_trainer(read_stage(stage_file(adaptive=True)), tmp_path / "run")
    trainer.run_step()
    before = everything(trainer)
    with trainer.ema_weights() as generator:
        sheet = sample_sheet(generator, trainer.stage.sub_generators)
        again = sample_sheet(generator, trainer.stage.sub_generators)
    assert sheet.shape[2] == 3
    assert sheet.shape[1] > 9 * 128  # three resolutions, three ratios
    assert (sheet == again).all()
    assert all(torch.equal(tensor, before[name]) for name, tensor in everything(trainer).items())
