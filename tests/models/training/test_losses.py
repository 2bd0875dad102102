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
    target = torch.zeros(2, 3, 8, 8)
    size = torch.ones((), requires_grad=True)
    other = torch.full_like(target[0], 0.1)
    distance = DistillationLoss(target, load_perceptual(), weights)
    loss = sum(distance({8: torch.stack([size * torch.full_like(other, error), other])}).values(), torch.zeros(()))
    loss.backward()
    if size.grad is None:
        raise AssertionError("the loss does not depend on the images")
    return size.grad / 100


def test_squared_errors_weigh_faces_by_their_squares() -> None:
    weights = DistillationSettings(squared=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.4) == pytest.approx(4 * pull(weights, 0.2).item())


def test_logarithmic_errors_weigh_all_faces_equally_as_mean_psnr() -> None:
    weights = DistillationSettings(squared=0.0, logarithm=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.4) == pytest.approx(pull(weights, 0.2).item(), rel=0.01)
    assert pull(weights, 0.2) == pytest.approx(0.01, rel=0.01)  # of two faces, a hundredth of each's 2 · log(error)


def test_the_logarithm_saturates_for_equal_images() -> None:
    weights = DistillationSettings(squared=0.0, logarithm=1.0, **PIXELS_ONLY)
    assert pull(weights, 0.0) == 0
    assert pull(weights, 0.001) < 0.1 * pull(weights, 0.2)
