"""PSNR, ENL0, FD-ENL0 and label agreement: right where the answer is known, and worse where the pictures are."""

import cv2
import numpy as np
import pytest
import scipy.linalg
import skimage.data
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.image_tensors import image_to_tensor
from anycost_models.metrics import image_metrics
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual

FACE = skimage.data.astronaut()[:256, 96:352]
NOISE = np.random.default_rng(0).standard_normal((400, 12))


@pytest.fixture(scope="module")
def perceptual() -> PerceptualDistance:
    return load_perceptual()


def tensor(*pictures: np.ndarray) -> torch.Tensor:
    """uint8 RGB → [N, 3, H, W] in −1…1."""
    return image_to_tensor(np.stack(pictures))


def crops(sigma: float) -> torch.Tensor:
    """Sixteen different views of one photo, blurred."""
    blurred = cv2.GaussianBlur(FACE, (0, 0), sigma) if sigma else FACE
    return torch.cat([tensor(blurred[y : y + 128, x : x + 128]) for y in (0, 40, 80, 120) for x in (0, 40, 80, 120)])


def test_psnr_of_each_picture_is_in_decibels() -> None:
    grey = torch.zeros(3, 3, 8, 8)
    other = grey + torch.tensor([0.2, 0.02, 0.0])[:, None, None, None]
    assert image_metrics.psnr(grey, other).tolist() == pytest.approx([20, 40, image_metrics.MAX_PSNR], abs=1e-4)


def test_a_difference_too_small_to_see_is_not_more_than_equality() -> None:
    grey = torch.zeros(1, 3, 8, 8)
    assert image_metrics.psnr(grey, grey + 1e-7).item() == pytest.approx(image_metrics.MAX_PSNR)


@pytest.mark.parametrize(("side", "compared"), [(8, 32), (64, 64), (256, 256), (1024, 256)])
def test_pictures_are_compared_perceptually_at_32_to_256_px(side: int, compared: int) -> None:
    picture = torch.rand(1, 3, side, side)
    seen = image_metrics.for_perception(picture)
    assert seen.shape == (1, 3, compared, compared)
    torch.testing.assert_close(seen.mean(), picture.mean())


def test_enl0_of_large_pictures_is_that_of_their_256_px_means(perceptual: PerceptualDistance) -> None:
    large = torch.nn.functional.interpolate(tensor(FACE), scale_factor=2, mode="nearest")
    blurred = tensor(cv2.GaussianBlur(FACE, (0, 0), 2))
    distance = image_metrics.enl0(
        perceptual, large, torch.nn.functional.interpolate(blurred, scale_factor=2, mode="nearest")
    )
    torch.testing.assert_close(distance, perceptual(tensor(FACE), blurred))
    assert image_metrics.enl0(perceptual, large, large).item() == 0


def test_a_distribution_is_at_distance_0_from_itself() -> None:
    assert image_metrics.frechet_distance(NOISE, NOISE) == pytest.approx(0, abs=1e-9)
    assert image_metrics.frechet_distance(NOISE, NOISE[::-1]) == pytest.approx(0, abs=1e-9)


def test_a_shift_adds_its_square_and_a_spread_the_square_of_its_difference() -> None:
    shift = np.linspace(0, 1, 12)
    assert image_metrics.frechet_distance(NOISE, NOISE + shift) == pytest.approx(np.square(shift).sum())
    wider = NOISE.mean(0) + 1.5 * (NOISE - NOISE.mean(0))
    assert image_metrics.frechet_distance(NOISE, wider) == pytest.approx(0.25 * NOISE.var(0, ddof=1).sum())


@pytest.mark.parametrize("samples", [400, 9], ids=["more samples than features", "fewer"])
def test_the_frechet_distance_is_the_published_formula(samples: int) -> None:
    a, b = NOISE[:samples], (NOISE @ NOISE[:12] + 0.3)[-samples:]
    product = np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)
    shared = np.sqrt(scipy.linalg.eigvals(product).real.clip(0)).sum()
    published = np.square(a.mean(0) - b.mean(0)).sum() + a.var(0, ddof=1).sum() + b.var(0, ddof=1).sum() - 2 * shared
    assert image_metrics.frechet_distance(a, b) == pytest.approx(published, rel=1e-5)
    assert image_metrics.frechet_distance(b, a) == pytest.approx(published, rel=1e-5)


def test_fd_enl0_grows_with_a_blur(perceptual: PerceptualDistance) -> None:
    sharp, *blurred = (image_metrics.pooled_features(perceptual, crops(sigma)) for sigma in (0, 0.7, 1.5, 3))
    assert sharp.shape == (16, 192)
    distances = [image_metrics.frechet_distance(sharp, features) for features in blurred]
    assert distances == sorted(distances)
    assert distances[-1] > 2 * distances[0] > 0


def test_one_sample_has_no_spread() -> None:
    with pytest.raises(AnycostError, match="take at least 2 samples"):
        image_metrics.frechet_distance(NOISE, NOISE[:1])


def test_labels_agree_in_their_own_unit() -> None:
    values = np.array([10.0, 20, 30, 40])
    assert image_metrics.agreement(values, values, 5) == image_metrics.Agreement(0, pytest.approx(1))
    assert image_metrics.agreement(values, values + 10, 5) == image_metrics.Agreement(2, pytest.approx(1))
    assert image_metrics.agreement(values, -values, 5).correlation == pytest.approx(-1)


def test_what_could_not_be_measured_on_both_pictures_is_left_out() -> None:
    a, b = np.array([1.0, 2, np.nan, 4]), np.array([1.0, 3, 3, np.nan])
    assert (
        image_metrics.agreement(a, b, 1)
        == image_metrics.agreement(a[:2], b[:2], 1)
        == image_metrics.Agreement(0.5, pytest.approx(1))
    )


@pytest.mark.parametrize(("b", "deviation"), [([1.0, np.nan, np.nan], 1.0), ([1.0, 2, 3], 0.0), ([1.0, 2, 3], np.nan)])
def test_too_few_faces_or_no_spread_say_nothing(b: list[float], deviation: float) -> None:
    found = image_metrics.agreement(np.array([1.0, 2, 4]), np.array(b), deviation)
    assert np.isnan([found.difference, found.correlation]).all()


def test_a_constant_label_differs_but_does_not_correlate() -> None:
    found = image_metrics.agreement(np.array([1.0, 2, 3]), np.array([2.0, 2, 2]), 1)
    assert found.difference == pytest.approx(2 / 3)
    assert np.isnan(found.correlation)
