"""Ways down: on a loss whose curvature is known, and where it misleads."""

import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.projection.curvature import Curvature, curvature_of, load_curvature, save_curvature
from anycost_models.projection.optimizers import Adam, QuasiNewton

STEEPNESS = torch.logspace(0, -4, 24).view(2, 12)  # as unlike as a generator's


def quadratic(point):
    """Of least 0, at 1 everywhere."""
    return (STEEPNESS * (point - 1).square()).sum().item(), 2 * STEEPNESS * (point - 1)


def lowest(descent, loss=quadratic, steps=12, rate=1.0):
    point = torch.zeros(2, 12)
    found = []
    for _ in range(steps):
        value, gradient = loss(point)
        found.append(value)
        point = descent.step(point, value, gradient, rate)
    return min(found)


@pytest.fixture
def curvature():
    """Measured: gradients of random combinations of the loss's residuals."""
    residuals = torch.randn(4000, 2, 12, generator=torch.Generator().manual_seed(0))
    return curvature_of(residuals * STEEPNESS.sqrt(), directions=10)


def test_measured_curvature_is_the_losses(curvature):
    assert torch.allclose(curvature.values[0], STEEPNESS[0, :10], rtol=0.2)
    assert torch.allclose(curvature.rest[1], STEEPNESS[1, 10:].mean(), rtol=0.2)
    newton = curvature.precondition(quadratic(torch.zeros(2, 12))[1], 0.0)
    assert torch.allclose(newton[0, :10], torch.full((10,), -1.0), atol=0.2)  # all the way


def test_known_curvature_is_quickest(curvature):
    flat = Curvature(curvature.directions[:, :1] * 0, curvature.values[:, :1] * 0, torch.full((2,), STEEPNESS.mean()))
    known, unknown = lowest(QuasiNewton(curvature, 1e-6)), lowest(QuasiNewton(flat, 1e-6))
    assert known < 0.01 * unknown
    assert known < 0.01 * min(lowest(Adam(), rate=rate) for rate in (0.1, 0.3, 1.0))


def test_it_comes_back_from_where_the_curvature_misled_it(curvature):
    too_flat = Curvature(curvature.directions, curvature.values / 100, curvature.rest / 100)
    assert lowest(QuasiNewton(too_flat, 1e-6), steps=30) < 0.01 * quadratic(torch.zeros(2, 12))[0]


def test_a_loss_that_is_no_number_is_uphill(curvature):
    def cliff(point):
        value, gradient = quadratic(point)
        return (value, gradient) if point.max() < 0.4 else (float("nan"), gradient * float("nan"))

    assert lowest(QuasiNewton(curvature, 1e-6), cliff) < 0.6 * cliff(torch.zeros(2, 12))[0]


def test_it_is_saved_and_read(tmp_path, curvature):
    save_curvature(curvature, tmp_path / "curvature.safetensors")
    read = load_curvature(tmp_path / "curvature.safetensors")
    assert torch.equal(read.values, curvature.values)
    assert torch.allclose(read.directions, curvature.directions, atol=1e-3)
    (tmp_path / "curvature.safetensors").write_bytes(b"something else")
    with pytest.raises(AnycostError, match="install the package again"):
        load_curvature(tmp_path / "curvature.safetensors")


def test_the_embedded_one_fits_the_embedded_generator():
    assert load_curvature().directions.shape[::2] == (16, 512)
