"""The discriminator: its resolutions, its architecture code, and what training asks of it."""

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.training.gan.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    encode_architecture,
    minibatch_deviation,
)

FULL = (32, 32, 16, 16)
IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def discriminator() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(DiscriminatorConfig((8, 16, 32), 0.0625, 16, layers=len(FULL)))


def test_an_architecture_is_one_ratio_for_each_layer():
    code = encode_architecture(FULL, (32, 24, 4))
    assert code.view(4, 4).tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]  # .25 .5 .75 1


@pytest.mark.parametrize("size", [8, 16, 32])
def test_each_resolution_has_its_own_input_convolution(discriminator, size):
    code = encode_architecture(FULL, FULL)
    discriminator(IMAGES[..., :size, :size], code).sum().backward()
    used = {int(name) for name, entry in discriminator.entries.items() if entry.weight.grad is not None}
    blocks = {int(name) for name, block in discriminator.blocks.items() if block.conv1.weight.grad is not None}
    assert used == {size}
    assert blocks == {r for r in (8, 16, 32) if r <= size}


def test_the_score_depends_on_the_architecture_code(discriminator):
    full, narrow = encode_architecture(FULL, FULL), encode_architecture(FULL, (8, 8, 4, 4))
    scores = [discriminator(IMAGES, code) for code in (full, narrow, None)]
    assert scores[0].shape == (4,)
    assert not torch.allclose(scores[0], scores[1])
    assert not torch.allclose(scores[0], scores[2])
    each = discriminator(torch.cat([IMAGES, IMAGES]), torch.stack([full] * 4 + [narrow] * 4))
    torch.testing.assert_close(each, torch.cat(scores[:2]))


def test_only_the_last_two_blocks_are_conditioned(discriminator):
    conditioned = {name.split(".")[1] for name, _ in discriminator.named_parameters() if ".condition." in name}
    assert conditioned == {"8", "16"}
    assert not any(
        "condition" in name for name, _ in Discriminator(DiscriminatorConfig((16,), 0.0625)).named_parameters()
    )


def test_the_gradient_penalty_reaches_all_that_was_used(discriminator):
    """R1: the gradient, with respect to the weights, of the gradient with respect to real images."""
    real = IMAGES.clone().requires_grad_(True)
    score = discriminator(real, encode_architecture(FULL, FULL)).sum()
    (slope,) = torch.autograd.grad(score, real, create_graph=True)
    slope.square().sum().backward()
    for name, parameter in discriminator.named_parameters():
        if name.startswith(("entries.32", "blocks", "conv", "linear")) and name.endswith("weight"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_equal_images_have_no_deviation():
    equal = IMAGES[:1].expand(4, -1, -1, -1)
    assert minibatch_deviation(equal).max() < 1e-3
    assert minibatch_deviation(IMAGES).min() > 0.5
    assert minibatch_deviation(IMAGES[:3]).shape == (3, 1, 32, 32)


def test_halves_of_a_batch_are_scored_as_the_whole(discriminator):
    """So that processes which share a batch compute what one would."""
    batch = torch.cat([IMAGES, IMAGES.flip(3) + 0.5])
    whole = discriminator(batch)
    torch.testing.assert_close(torch.cat([discriminator(batch[:4]), discriminator(batch[4:])]), whole)


def test_sizes_that_it_does_not_know_are_refused(discriminator):
    with pytest.raises(AnycostError, match=r"no input for 24 px: give it images of \(8, 16, 32\) px"):
        discriminator(IMAGES[..., :24, :24])
    with pytest.raises(AnycostError, match="powers of two"):
        Discriminator(DiscriminatorConfig((24,)))
