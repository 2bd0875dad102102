"""Sub-generators of the embedded family: nested weights, widths, costs, sorting, the start by least squares."""

import pytest
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import RATIOS, SubGenerator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import FULL, TINY
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.distillation.channel_importance import sort_channels
from anycost_models.training.distillation.last_style import fit_last_style
from anycost_models.training.distillation.nested_initialization import sample_latents, solve_nested_weights
from anycost_models.training.engine.stage import DataSettings


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    """dB between pictures in −1…1."""
    return (10 * torch.log10(4 / (a - b).square().mean())).item()


@pytest.fixture
def tiny():
    """Untrained, with weights large enough that its pictures differ from each other."""
    torch.manual_seed(0)
    model = MobileGenerator(TINY).eval().requires_grad_(False)
    for block in model.blocks:
        for layer in (block.conv1, block.conv2):
            layer.depthwise.weight.mul_(2)
            layer.conv.weight.mul_(2)
            layer.affine.bias.add_(1)
        block.up.bias.add_(1)
    return model


@pytest.fixture(scope="module")
def embedded():
    return load_generator()


FLEXIBLE = SubGenerator(64, (32, 32, 32, 32, 4, 16, 8, 2))


@pytest.mark.parametrize("sub", [*MobileGenerator(TINY).sub_generators(), FLEXIBLE], ids=str)
def test_a_sub_generator_of_its_own_draws_the_same(tiny, sub):
    latent = torch.randn(2, TINY.styles, 32)
    small = tiny.extract(sub)
    assert small.config.channels == tiny.widths(sub)
    torch.testing.assert_close(small(latent), tiny(latent, sub))


def test_the_full_one_is_the_network_itself(tiny):
    latent = torch.randn(1, TINY.styles, 32)
    full = SubGenerator(64)
    assert tiny.is_full(full)
    assert tiny.is_full(SubGenerator(64, TINY.channels))
    assert torch.equal(tiny(latent, full), tiny(latent))
    assert torch.equal(tiny(latent, SubGenerator(64, TINY.channels)), tiny(latent))
    assert tiny.extract(full).state_dict()["root.conv.weight"].data_ptr() == tiny.root.conv.weight.data_ptr()


def test_a_uniform_ratio_is_one_of_the_flexible_lists(tiny):
    latent = torch.randn(1, TINY.styles, 32)
    widths = tiny.widths(SubGenerator(64, 0.5))
    assert widths == (32, 32, 32, 32, 8, 8, 4, 4)
    assert torch.equal(tiny(latent, SubGenerator(64, 0.5)), tiny(latent, SubGenerator(64, widths)))


def test_every_exit_is_drawn_on_the_way(tiny):
    latent = torch.randn(1, TINY.styles, 32)
    drawn = tiny.all_images(latent, SubGenerator(64, 0.25))
    assert list(drawn) == [16, 32, 64]
    for resolution, picture in drawn.items():
        torch.testing.assert_close(picture, tiny(latent, SubGenerator(resolution, 0.25)))


def test_narrower_layers_use_the_first_of_the_shared_weights(tiny):
    """Nested: weights beyond a sub-generator's widths do not reach it, those within reach every wider one."""
    latent = torch.randn(1, TINY.styles, 32)
    before = {ratio: tiny(latent, SubGenerator(32, ratio)) for ratio in RATIOS}
    tiny.nested.blocks[0].conv2.pointwise[8:, 8:] += 1  # beyond ratio .5 of 16 channels
    changed = [ratio for ratio in RATIOS if not torch.equal(before[ratio], tiny(latent, SubGenerator(32, ratio)))]
    assert changed == [0.75, 1.0]
    tiny.nested.blocks[0].conv2.pointwise[:4, :4] += 1
    assert not any(torch.equal(before[ratio], tiny(latent, SubGenerator(32, ratio))) for ratio in RATIOS)


def test_the_last_row_tints_what_lower_exits_draw(tiny):
    """The full generator's colours come from there; its mean style leaves a picture as it is."""
    latent = torch.randn(1, TINY.styles, 32)
    other = latent.clone()
    other[:, -1] = tiny.mean_style
    subs = [sub for sub in tiny.sub_generators() if sub.resolution < 64]
    plain = [tiny(other, sub) for sub in subs]
    assert all(torch.equal(tiny(latent, sub), picture) for sub, picture in zip(subs, plain, strict=True))
    for head in tiny.nested.heads.values():
        head.tint.normal_()
        head.shade.normal_()
    assert not any(torch.equal(tiny(latent, sub), picture) for sub, picture in zip(subs, plain, strict=True))
    for sub, picture in zip(subs, plain, strict=True):
        torch.testing.assert_close(tiny(other, sub), picture)


def test_tints_are_fitted_to_what_large_areas_lack(tiny, tmp_path):
    sort_channels(tiny, sample_latents(tiny, 4, seed=1))
    solve_nested_weights(tiny, sample_latents(tiny, 24, seed=2))
    data = DataSettings(pool=80, mixing=0.0)
    faces = GeneratedFaces(tiny, data, 3, tmp_path, fast=False)
    latents = faces.latents(range(60, 80))
    goal = F.adaptive_avg_pool2d(tiny(latents).clamp(-1, 1), 8)
    subs = [SubGenerator(16), SubGenerator(32, 0.5), SubGenerator(64, 0.25)]

    def lacking() -> list[float]:
        return [(F.adaptive_avg_pool2d(tiny(latents, sub), 8) - goal).square().mean().item() for sub in subs]

    before = lacking()
    fit_last_style(tiny, faces, 60)
    assert all(after < 0.9 * start for after, start in zip(lacking(), before, strict=True))


def test_training_the_nested_weights_cannot_touch_the_full_generator(tiny):
    latent = torch.randn(1, TINY.styles, 32)
    before = tiny(latent)
    for parameter in tiny.nested.parameters():
        parameter.add_(torch.randn_like(parameter))
    assert torch.equal(tiny(latent), before)


def test_gradients_reach_exactly_what_a_sub_generator_uses(tiny):
    tiny.nested.requires_grad_(True)
    tiny(torch.randn(2, TINY.styles, 32), SubGenerator(32, 0.5)).square().mean().backward()
    gradient = tiny.nested.blocks[0].conv2.pointwise.grad
    assert gradient[:8, :8].abs().min() > 0
    assert gradient[8:].abs().max() == 0
    assert gradient[:, 8:].abs().max() == 0
    assert tiny.nested.blocks[1].conv1.pointwise.grad is None
    assert tiny.constant.grad is None


@pytest.mark.parametrize(
    ("sub", "message"),
    [
        (SubGenerator(48), "16, 32, 64 px, not 48"),
        (SubGenerator(64, 0.3), r"no channel ratio 0.3: choose one of 0.25, 0.5, 0.75, 1"),
        (SubGenerator(64, (32, 32)), "take 8 numbers of channels, 2 are given"),
        (SubGenerator(64, (32, 32, 32, 32, 5, 16, 8, 8)), "layer 4 cannot have 5 channels: choose 4, 8, 12, 16"),
        (SubGenerator(64, (32, 16, 32, 32, 16, 16, 8, 8)), "layer 1 cannot have 16 channels: choose 32"),
    ],
)
def test_what_a_generator_does_not_have_is_refused_by_name(tiny, sub, message):
    with pytest.raises(AnycostError, match=message):
        tiny(torch.randn(1, 32), sub)


def test_uniform_ones_are_listed_once_and_cheapest_first(tiny):
    subs = tiny.sub_generators()
    assert subs[0] == SubGenerator(16)  # its layers keep their width at every ratio
    assert subs[-1] == SubGenerator(64)
    assert len(subs) == 9
    macs = [tiny.cost(sub).macs for sub in subs]
    assert macs == sorted(macs)


def test_costs_of_the_embedded_generator_are_as_published_for_it():
    """The full network has 7.3 GMAC; resolution and channels together span more than a tenth of it."""
    with torch.device("meta"):
        model = MobileGenerator(FULL)
    full = model.cost(SubGenerator(1024))
    assert full.macs == pytest.approx(7.281e9, rel=0.015)  # the haar transforms are counted here, not there
    shares = {sub: model.cost(sub).macs / full.macs for sub in model.sub_generators()}
    assert shares[SubGenerator(256)] < 1 / 2
    assert shares[SubGenerator(256, 0.5)] < 1 / 5
    assert shares[SubGenerator(256, 0.25)] < 1 / 9
    assert shares[SubGenerator(128, 0.25)] < 1 / 11
    assert min(shares.values()) < 1 / 12


def test_what_exists_per_ratio_or_twice_is_a_tenth_of_the_model_at_most():
    with torch.device("meta"):
        model = MobileGenerator(FULL)
    own = sum(p.numel() for p in model.nested.parameters())
    assert own < 0.1 * sum(p.numel() for p in model.parameters())


def test_sorting_renames_channels_and_changes_nothing_else(tiny):
    for block in tiny.blocks:  # of very different importance
        block.conv1.conv.weight *= torch.rand(len(block.conv1.conv.weight), 1, 1, 1) ** 3
    latents = torch.randn(4, TINY.styles, 32)
    drawn, weight = tiny(latents), tiny.blocks[1].conv2.conv.weight.clone()
    sort_channels(tiny, latents)
    torch.testing.assert_close(tiny(latents), drawn)
    assert not torch.equal(tiny.blocks[1].conv2.conv.weight, weight)
    again = tiny.blocks[1].conv2.conv.weight.clone()
    sort_channels(tiny, latents)  # sorted is sorted
    assert torch.equal(tiny.blocks[1].conv2.conv.weight, again)


def test_the_first_channels_are_the_important_ones(tiny):
    """A sorted network cut after half of a layer is nearer to itself than one cut in reverse."""
    latents = torch.randn(4, TINY.styles, 32)
    sort_channels(tiny, latents)
    drawn = tiny(latents)

    def without(channels: slice) -> torch.Tensor:
        cut = tiny.extract(SubGenerator(64))
        weight = cut.blocks[-1].conv2.conv.weight.clone()
        weight[:, channels] = 0
        cut.blocks[-1].conv2.conv.weight.data = weight
        return cut(latents)

    assert psnr(without(slice(4, None)), drawn) > psnr(without(slice(None, 4)), drawn) + 1


def test_least_squares_brings_every_ratio_near_the_full_network(tiny):
    sort_channels(tiny, sample_latents(tiny, 4, seed=1))
    solve_nested_weights(tiny, sample_latents(tiny, 24, seed=2))
    latents = sample_latents(tiny, 4, seed=3)
    full = tiny(latents)
    scores = [psnr(tiny(latents, SubGenerator(32, ratio)), F.avg_pool2d(full, 2)) for ratio in RATIOS]
    goal = F.avg_pool2d(full, 2)
    mean = psnr(goal.mean((0, 2, 3), keepdim=True).expand_as(goal), goal)
    assert min(scores) > mean + 1


def test_wider_and_dearer_is_nearer_to_the_full_picture(embedded):
    z = torch.randn(3, 512, generator=torch.Generator().manual_seed(11))
    w = embedded.styles(z, 0.7)
    with torch.inference_mode():
        goal = F.avg_pool2d(embedded(w).clamp(-1, 1), 4)
        scores = [psnr(embedded(w, SubGenerator(256, ratio)).clamp(-1, 1), goal) for ratio in RATIOS]
    assert scores == sorted(scores)


def test_the_same_object_draws_two_sub_generators_at_once(tiny):
    """A sub-generator is never state on a module: interleaved calls from threads do not mix."""
    from concurrent.futures import ThreadPoolExecutor

    latent = torch.randn(1, TINY.styles, 32)
    subs = list(tiny.sub_generators()) * 4
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda sub: tiny(latent, sub), subs))
    assert all(torch.equal(picture, tiny(latent, sub)) for picture, sub in zip(drawn, subs, strict=True))
