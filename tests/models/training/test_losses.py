"""The distillation loss: how much each face counts."""

import pytest
import torch
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.training.engine.losses import DistillationLoss
from anycost_models.training.engine.stage import DistillationSettings
from torch import Tensor

PIXELS_ONLY = {"absolute": 0.0, "perceptual": 0.0}


def pull(weights: DistillationSettings, error: float) -> Tensor:
    """By how much the loss falls when a face's error shrinks by a hundredth of itself, beside another face."""
    goal = torch.zeros(2, 3, 8, 8)
    size = torch.ones((), requires_grad=True)
    other = torch.full_like(goal[0], 0.1)
    distance = DistillationLoss(goal, load_perceptual(), weights)
    loss = sum(distance({8: torch.stack([size * torch.full_like(other, error), other])}).values(), torch.zeros(()))
    loss.backward()
    if size.grad is None:
        raise AssertionError("the loss does not depend on the pictures")
    return size.grad / 100


def test_faces_that_are_far_off_count_by_their_squares() -> None:
    weights = DistillationSettings(squared=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.4) == pytest.approx(4 * pull(weights, 0.2).item())


def test_by_the_logarithm_every_face_counts_alike_as_in_mean_psnr() -> None:
    weights = DistillationSettings(squared=0.0, logarithm=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.4) == pytest.approx(pull(weights, 0.2).item(), rel=0.01)
    assert pull(weights, 0.2) == pytest.approx(0.01, rel=0.01)  # of two faces, a hundredth of each's 2 · log(error)


def test_the_logarithm_lets_go_of_pictures_that_are_equal() -> None:
    weights = DistillationSettings(squared=0.0, logarithm=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.0) == 0
    assert pull(weights, 0.001) < 0.1 * pull(weights, 0.2)
