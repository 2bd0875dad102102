"""The discriminator: its resolutions, what it is told of the generator, and what training asks of it."""

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.training.gan.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    batch_deviation,
    encode_architecture,
)

FULL = (32, 32, 16, 16)
PICTURES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def judge() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(DiscriminatorConfig((8, 16, 32), 0.0625, 16, layers=len(FULL)))


def test_an_architecture_is_one_ratio_for_each_layer():
    code = encode_architecture(FULL, (32, 24, 4))
    assert code.view(4, 4).tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]  # .25 .5 .75 1


@pytest.mark.parametrize("size", [8, 16, 32])
def test_it_judges_pictures_of_every_resolution_by_an_entry_of_its_own(judge, size):
    code = encode_architecture(FULL, FULL)
    judge(PICTURES[..., :size, :size], code).sum().backward()
    used = {int(name) for name, entry in judge.entries.items() if entry.weight.grad is not None}
    blocks = {int(name) for name, block in judge.blocks.items() if block.conv1.weight.grad is not None}
    assert used == {size}
    assert blocks == {r for r in (8, 16, 32) if r <= size}


def test_it_judges_by_the_architecture(judge):
    full, narrow = encode_architecture(FULL, FULL), encode_architecture(FULL, (8, 8, 4, 4))
    scores = [judge(PICTURES, code) for code in (full, narrow, None)]
    assert scores[0].shape == (4,)
    assert not torch.allclose(scores[0], scores[1])
    assert not torch.allclose(scores[0], scores[2])
    each = judge(torch.cat([PICTURES, PICTURES]), torch.stack([full] * 4 + [narrow] * 4))
    torch.testing.assert_close(each, torch.cat(scores[:2]))


def test_only_the_last_two_blocks_are_told(judge):
    told = {name.split(".")[1] for name, _ in judge.named_parameters() if ".condition." in name}
    assert told == {"8", "16"}
    assert not any(
        "condition" in name for name, _ in Discriminator(DiscriminatorConfig((16,), 0.0625)).named_parameters()
    )


def test_the_gradient_penalty_reaches_all_that_was_used(judge):
    """R1: the gradient, with respect to the weights, of the gradient with respect to real pictures."""
    real = PICTURES.clone().requires_grad_(True)
    score = judge(real, encode_architecture(FULL, FULL)).sum()
    (slope,) = torch.autograd.grad(score, real, create_graph=True)
    slope.square().sum().backward()
    for name, parameter in judge.named_parameters():
        if name.startswith(("entries.32", "blocks", "conv", "linear")) and name.endswith("weight"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_pictures_that_are_alike_have_no_deviation():
    alike = PICTURES[:1].expand(4, -1, -1, -1)
    assert batch_deviation(alike).max() < 1e-3
    assert batch_deviation(PICTURES).min() > 0.5
    assert batch_deviation(PICTURES[:3]).shape == (3, 1, 32, 32)


def test_halves_of_a_batch_are_judged_as_the_whole(judge):
    """So that machines which share a batch compute what one machine would."""
    batch = torch.cat([PICTURES, PICTURES.flip(3) + 0.5])
    whole = judge(batch)
    torch.testing.assert_close(torch.cat([judge(batch[:4]), judge(batch[4:])]), whole)


def test_sizes_that_it_does_not_know_are_refused(judge):
    with pytest.raises(AnycostError, match=r"no input for 24 px: give it images of \(8, 16, 32\) px"):
        judge(PICTURES[..., :24, :24])
    with pytest.raises(AnycostError, match="powers of two"):
        Discriminator(DiscriminatorConfig((24,)))
