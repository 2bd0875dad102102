"""The paper's generator: what its layers compute, what its sub-generators are, and what they cost."""

import dataclasses
import json

import pytest
import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import BLUR, TINY, StyledConv, StyleGAN2Config, StyleGAN2Generator
from safetensors import safe_open
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

NARROW = SubGenerator(16, (12, 5, 16, 7, 9, 3))
SUBS = [SubGenerator(32), SubGenerator(16, 0.5), SubGenerator(32, 0.25), NARROW]
LATENT = torch.randn(2, TINY.styles, TINY.style_dim, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tiny() -> StyleGAN2Generator:
    """With noise and biases that are not zero, so that none of them can be left out unseen."""
    torch.manual_seed(0)
    model = StyleGAN2Generator(TINY)
    for conv in model.convs:
        torch.nn.init.normal_(conv.bias, std=0.1)
        torch.nn.init.constant_(conv.noise_strength, 0.1)
    return model


# The layers


@pytest.mark.parametrize("up", [False, True])
def test_a_styled_convolution_is_the_papers(up):
    """The paper's way: each picture has weights of its own, modulated by its style, then scaled to unit energy."""
    torch.manual_seed(0)
    conv = StyledConv(16, 6, 4, 8, up=up)
    torch.nn.init.constant_(conv.noise_strength, 0.3)
    torch.nn.init.normal_(conv.bias)
    x, w = torch.randn(2, 6, 4 if up else 8, 4 if up else 8), torch.randn(2, 16)
    drawn = []
    for picture, style in zip(x, conv.affine(w), strict=True):
        weight = conv.weight.transpose(0, 1) if up else conv.weight  # [outputs, inputs, 3, 3]
        weight = weight * style[:, None, None] / (6 * 9) ** 0.5
        weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            spread = torch.zeros(6, 11, 11)  # every second pixel, and room for the kernel around them
            spread[:, 2:10:2, 2:10:2] = picture
            y = F.conv2d(spread[None], weight.flip(2, 3))  # 9 × 9
            blur = torch.tensor(BLUR).expand(4, 1, 4, 4) * 4
            y = F.conv2d(y, blur, padding=1, groups=4)
        else:
            y = F.conv2d(picture[None], weight, padding=1)
        drawn.append(F.leaky_relu(y + 0.3 * conv.noise + conv.bias[:, None, None], 0.2) * 2**0.5)
    torch.testing.assert_close(conv(x, w, conv.noise), torch.cat(drawn), atol=1e-5, rtol=1e-4)


def test_each_row_of_the_latent_reaches_the_picture(tiny):
    for row in range(TINY.styles):
        other = LATENT.clone()
        other[:, row] += 1
        assert not torch.equal(tiny(other), tiny(LATENT)), f"row {row}"


def test_half_size_is_the_mean_of_each_quad_and_thrift_changes_no_gradient(tiny):
    gradients = []
    for checkpoint_activations in (False, True):
        latent = LATENT.clone().requires_grad_(True)
        half = tiny.half_size(latent, checkpoint_activations=checkpoint_activations)
        half.square().sum().backward()
        gradients.append(latent.grad)
    torch.testing.assert_close(half, F.avg_pool2d(tiny(LATENT), 2))
    torch.testing.assert_close(*gradients)


def test_noise_is_an_argument_of_the_call(tiny):
    noise = tiny.random_noise(2, torch.Generator().manual_seed(5))
    fixed = tiny(LATENT)
    assert not torch.allclose(tiny.images(LATENT, noise)[32], fixed, atol=1e-3)
    drawn = tiny.all_images(LATENT, NARROW, noise=noise)
    assert list(drawn) == [8, 16]
    assert not torch.allclose(drawn[16], tiny(LATENT, NARROW), atol=1e-3)
    assert torch.equal(tiny(LATENT), fixed)


def test_path_length_can_be_regularised(tiny):
    """It is a gradient of a gradient, through everything that is computed in place."""
    latent = LATENT.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(tiny(latent).square().sum(), latent, create_graph=True)
    slope.square().sum().backward()
    for name, parameter in tiny.named_parameters():
        if not name.startswith("mapping."):
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_fast_features_change_the_picture_by_little(tiny):
    with torch.inference_mode():
        exact, fast = tiny(LATENT), tiny.with_fast_features()(LATENT)
    assert fast.dtype == torch.float32
    assert (exact - fast).square().mean() < 1e-3 * exact.var()


def test_the_mean_style_is_the_mean_of_many_styles(tiny):
    tiny.measure_mean_style()
    styles = tiny.mapping(torch.randn(20_000, TINY.style_dim, generator=torch.Generator().manual_seed(9)))
    assert (styles.mean(0) - tiny.mean_style).norm() < 0.05 * styles.std(0).norm()


# Sub-generators


@pytest.mark.parametrize("sub", SUBS, ids=str)
def test_a_sub_generator_is_the_first_channels_of_every_tensor(tiny, sub):
    small, full = tiny.extract(sub), tiny.state_dict()
    for name, tensor in small.state_dict().items():
        assert torch.equal(tensor, full[name][tuple(slice(n) for n in tensor.shape)]), name
    drawn = tiny(LATENT, sub)
    assert drawn.shape == (2, 3, sub.resolution, sub.resolution)
    torch.testing.assert_close(small(LATENT[:, : small.config.styles]), drawn)


@pytest.mark.parametrize("sub", SUBS[1:], ids=str)
def test_what_a_sub_generator_does_not_take_does_not_reach_its_picture(tiny, sub):
    drawn, taken = tiny(LATENT, sub), tiny.extract(sub).state_dict()
    for name, tensor in tiny.state_dict().items():
        kept = taken[name].clone() if name in taken else torch.empty([0] * tensor.ndim)
        if tensor.ndim and kept.shape != tensor.shape:
            tensor.fill_(torch.nan)[tuple(slice(n) for n in kept.shape)] = kept
    assert torch.equal(tiny(LATENT, sub), drawn)
    assert tiny(LATENT).isnan().any()


def test_gradients_of_a_sub_generator_arrive_in_the_full_tensors(tiny):
    tiny(LATENT, NARROW).square().sum().backward()
    gradient = tiny.convs[2].weight.grad  # 7 of 16 channels in, 16 of 16 out at full width; here 16 → 7
    assert gradient[:7, :16].abs().sum() > 0
    assert gradient[7:].abs().sum() == 0
    assert tiny.convs[-1].weight.grad is None or tiny.convs[-1].weight.grad.abs().sum() == 0  # past 16 px


def test_lower_pictures_of_a_run_are_those_of_the_lower_sub_generators(tiny):
    drawn = tiny.all_images(LATENT, SubGenerator(32, 0.5))
    assert list(drawn) == [8, 16, 32]
    for resolution, picture in drawn.items():
        torch.testing.assert_close(picture, tiny(LATENT, SubGenerator(resolution, 0.5)))


def test_uniform_ratios_narrow_only_the_costly_layers():
    """channels = min(512, ratio · multiplier · base), as published."""
    with torch.device("meta"):
        full = StyleGAN2Generator(StyleGAN2Config())
    assert full.config.uniform_widths(1.0) == (*[512] * 10, 256, 256, 128, 128, 64, 64, 32, 32)
    assert full.config.uniform_widths(0.5) == (*[512] * 8, 256, 256, 128, 128, 64, 64, 32, 32, 16, 16)
    assert full.config.uniform_widths(0.25) == (*[512] * 6, 256, 256, 128, 128, 64, 64, 32, 32, 16, 16, 8, 8)
    assert full.flexible_widths(6) == (256, 384, 512)  # no narrower than the smallest uniform one
    assert full.flexible_widths(17) == (8, 16, 24, 32)


@pytest.mark.parametrize(
    ("sub", "message"),
    [
        (SubGenerator(64), "8, 16, 32 px, not 64"),
        (SubGenerator(4), "not 4"),
        (SubGenerator(32, 0.3), "no channel ratio 0.3"),
        (SubGenerator(8, (16, 16)), "take 4 numbers"),
        (SubGenerator(8, (16, 16, 17, 16)), "layer 2 cannot have 17 channels: choose 1 to 16"),
        (SubGenerator(8, (16, 0, 16, 16)), "layer 1 cannot have 0"),
    ],
    ids=str,
)
def test_sub_generators_that_do_not_exist_are_refused(tiny, sub, message):
    with pytest.raises(AnycostError, match=message):
        tiny(LATENT, sub)


# Costs


def test_costs_are_those_counted_by_hand(tiny):
    cost = tiny.cost(SubGenerator(8, (10, 8, 6, 4)))
    convolutions = 9 * (10 * 8 * 4 * 4 + 8 * 6 * 4 * 4 + 6 * 4 * 8 * 8)  # the one that enlarges runs on 4 px
    blurs = 16 * (6 * 8 * 8 + 3 * 4 * 4)  # of features; of the picture, by a transposed convolution on 4 px
    heads = 3 * (8 * 4 * 4 + 4 * 8 * 8)
    affines = 16 * (10 + 8 + 6 + 8 + 4)  # three convolutions, two heads
    demodulations = 10 * 8 + 8 * 6 + 6 * 4
    assert cost.macs == convolutions + blurs + heads + affines + demodulations
    weights = 9 * (10 * 8 + 8 * 6 + 6 * 4) + (8 + 6 + 4) + 3  # with biases and strengths of noise
    assert cost.parameters == 10 * 16 + weights + 17 * (10 + 8 + 6 + 8 + 4) + 3 * (8 + 4) + 2 * 3


@pytest.mark.parametrize(
    ("sub", "giga"),
    [
        (SubGenerator(1024), 143),
        (SubGenerator(1024, 0.5), 43),
        (SubGenerator(256, 0.5), 28),
        (SubGenerator(1024, 0.25), 12.5),
        (SubGenerator(256, 0.25), 8.8),
        (SubGenerator(128, 0.25), 7.0),
    ],
    ids=str,
)
def test_costs_are_the_published_ones_when_counted_that_way(sub, giga):
    """Published figures count a convolution that enlarges at each pixel that it puts out; that is four times what a
    transposed one computes, so that `cost` says about half of them."""
    with torch.device("meta"):
        full = StyleGAN2Generator(StyleGAN2Config())
    small = full.empty(full.config.sub_config(sub.resolution, full.widths(sub), (sub.resolution,))).requires_grad_(
        False
    )

    def at_every_output_pixel(_x, weight, _bias, _stride, _padding, _dilation, transposed, *_, out_shape, **__):
        side = out_shape[3] - out_shape[3] % 2 if transposed else out_shape[3]  # less the edge that blurring takes
        return 2 * out_shape[0] * weight[0] * weight[1] * weight[2] * weight[3] * side**2

    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.convolution: at_every_output_pixel})
    with counter, torch.no_grad():
        small.images(torch.empty(1, small.config.styles, 512, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(giga, rel=0.03)
    assert 0.45 < full.cost(sub).macs / 1e9 / giga < 0.6


# Sizes and files


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"resolution": 100}, "choose a power of two"),
        ({"resolution": 4}, "choose a power of two"),
        ({"channels": (8, 8)}, "2 numbers of channels are given: give 8"),
        ({"channels": (0,) * 8}, "a size of 0"),
        ({"style_dim": 1 << 20}, "a size of 1048576"),
        ({"exits": (16,)}, "up to 32|to 32"),
    ],
    ids=str,
)
def test_impossible_sizes_are_refused(sizes, message):
    with pytest.raises(AnycostError, match=message):
        StyleGAN2Config(**{"resolution": 32, "style_dim": 16} | sizes)


def test_a_generator_survives_its_file_exactly(tiny, tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_generator(tiny, path)
    again = load_generator(path)
    assert isinstance(again, StyleGAN2Generator)
    assert again.config == TINY
    assert all(torch.equal(tensor, tiny.state_dict()[name]) for name, tensor in again.state_dict().items())
    assert [entry.name for entry in tmp_path.iterdir()] == ["tiny.safetensors"]


@pytest.mark.parametrize(
    "change", [{"colour": 1}, {"resolution": 33}, {"resolution": "32"}, {"channels": None}], ids=str
)
def test_a_file_whose_sizes_are_not_a_generators_is_refused(tiny, tmp_path, change):
    path = tmp_path / "tiny.safetensors"
    config = json.loads(json.dumps(dataclasses.asdict(TINY))) | change
    save_file({"x": torch.zeros(1)}, path, {"family": "stylegan2", "config": json.dumps(config)})
    with pytest.raises(AnycostError, match=r"is damaged|does not fit"):
        load_generator(path)
    with safe_open(path, "pt") as file:
        assert file.metadata()["family"] == "stylegan2"
