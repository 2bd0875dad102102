"""Sorting channels: the full generator's images stay the same, and narrower layers keep the important channels."""

import pytest
import torch
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import TINY, StyleGAN2Generator
from anycost_models.training.gan.channel_importance import importance, sort_channels

LATENT = torch.randn(2, TINY.styles, TINY.style_dim, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tiny() -> StyleGAN2Generator:
    """With noise, biases and unequal channels, so that nothing can be left in its old order unseen."""
    torch.manual_seed(0)
    model = StyleGAN2Generator(TINY)
    for conv in model.convs:
        torch.nn.init.normal_(conv.bias)
        torch.nn.init.normal_(conv.affine.bias)
        torch.nn.init.constant_(conv.noise_strength, 0.3)
    for head in model.heads:
        torch.nn.init.normal_(head.bias)
        torch.nn.init.normal_(head.affine.bias)
    return model.requires_grad_(False)


def styles(model, count=256):
    return model.mapping(torch.randn(count, TINY.style_dim, generator=torch.Generator().manual_seed(2)))


def test_the_full_generators_images_stay_the_same_at_every_resolution(tiny):
    noise = tiny.random_noise(2, torch.Generator().manual_seed(3))
    before, weights = tiny.images(LATENT, noise), [conv.weight.clone() for conv in tiny.convs]
    sort_channels(tiny, styles(tiny))
    for size, image in tiny.images(LATENT, noise).items():
        torch.testing.assert_close(image, before[size], atol=1e-5, rtol=1e-5)
    assert not any(torch.equal(conv.weight, old) for conv, old in zip(tiny.convs, weights, strict=True))


def test_the_channels_that_a_layer_reads_are_in_order_of_importance(tiny):
    sort_channels(tiny, styles(tiny))
    for reader in (*tiny.convs, tiny.heads[-1]):
        found = importance(reader, styles(tiny))
        assert (found.diff() <= 1e-6).all()


def test_importance_is_weights_times_styles(tiny):
    conv, w = tiny.convs[1], styles(tiny, 8)
    expected = [conv.weight[c].abs().sum() * conv.style(w)[:, c].abs().mean() for c in range(16)]  # it enlarges
    torch.testing.assert_close(importance(conv, w), torch.stack(expected))


def test_a_narrow_sub_generator_keeps_the_important_channels(tiny):
    """The later half of the channels hardly counts until they are shuffled: sorting finds them again."""
    for layer, conv in enumerate(tiny.convs):
        half = TINY.channels[layer] // 2
        (conv.weight[half:] if conv.up else conv.weight[:, half:]).mul_(1e-3)
        if layer % 2:
            tiny.heads[layer // 2].weight[:, half:].mul_(1e-3)
    tiny.heads[-1].weight[:, TINY.channels[-1] // 2 :].mul_(1e-3)
    sub = SubGenerator(32, tuple(width // 2 for width in TINY.channels))
    full, narrow = tiny(LATENT), tiny(LATENT, sub)
    assert (full - narrow).abs().max() < 0.05
    for conv in tiny.convs:  # style rows with the highest weights last
        conv.affine.bias.abs_().add_(1)
    again = StyleGAN2Generator(TINY).requires_grad_(False)
    again.load_state_dict(tiny.state_dict())
    _reverse(again)
    assert (again(LATENT, sub) - again(LATENT)).abs().max() > 0.5
    sort_channels(again, styles(again))
    assert (again(LATENT, sub) - again(LATENT)).abs().max() < 0.05


def _reverse(model: StyleGAN2Generator) -> None:
    """All channels in the opposite order, which changes nothing of the full generator."""
    model.constant.copy_(model.constant.flip(1))
    for conv in model.convs:
        conv.weight.copy_(conv.weight.flip(0, 1))
        conv.bias.copy_(conv.bias.flip(0))
    for head in model.heads:
        head.weight.copy_(head.weight.flip(1))
    for reader in (*model.convs, *model.heads):
        reader.affine.weight.copy_(reader.affine.weight.flip(0))
        reader.affine.bias.copy_(reader.affine.bias.flip(0))
