"""Ways down: on a loss whose curvature is known, and where it misleads."""

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.projection.curvature import Curvature, curvature_of, load_curvature, save_curvature
from anycost_models.projection.optimizers import Adam, QuasiNewton

STEEPNESS = np.logspace(0, -4, 24, dtype=np.float32).reshape(2, 12)  # as unlike as a generator's


def quadratic(point):
    """Of least 0, at 1 everywhere."""
    return (STEEPNESS * (point - 1) ** 2).sum(), 2 * STEEPNESS * (point - 1)


def lowest(descent, loss=quadratic, steps=12, rate=1.0):
    point = np.zeros((2, 12), np.float32)
    found = []
    for _ in range(steps):
        value, gradient = loss(point)
        found.append(value)
        point = descent.step(point, value, gradient, rate)
    return min(found)


@pytest.fixture
def curvature():
    """Measured: gradients of random combinations of the loss's residuals."""
    residuals = np.random.default_rng(0).standard_normal((4000, 2, 12), np.float32)
    return curvature_of(residuals * np.sqrt(STEEPNESS), directions=10)


def test_measured_curvature_is_the_losses(curvature):
    assert np.allclose(curvature.values[0], STEEPNESS[0, :10], rtol=0.2)
    assert np.allclose(curvature.rest[1], STEEPNESS[1, 10:].mean(), rtol=0.2)
    newton = curvature.precondition(quadratic(np.zeros((2, 12), np.float32))[1], 0.0)
    assert np.allclose(newton[0, :10], -1.0, atol=0.2)  # all the way


def test_known_curvature_is_quickest(curvature):
    flat = Curvature(curvature.directions[:, :1] * 0, curvature.values[:, :1] * 0, np.full(2, STEEPNESS.mean()))
    known, unknown = lowest(QuasiNewton(curvature, 1e-6)), lowest(QuasiNewton(flat, 1e-6))
    assert known < 0.01 * unknown
    assert known < 0.01 * min(lowest(Adam(), rate=rate) for rate in (0.1, 0.3, 1.0))


def test_it_comes_back_from_where_the_curvature_misled_it(curvature):
    too_flat = Curvature(curvature.directions, curvature.values / 100, curvature.rest / 100)
    assert lowest(QuasiNewton(too_flat, 1e-6), steps=30) < 0.01 * quadratic(np.zeros((2, 12), np.float32))[0]


def test_a_loss_that_is_no_number_is_uphill(curvature):
    def cliff(point):
        value, gradient = quadratic(point)
        return (value, gradient) if point.max() < 0.4 else (float("nan"), gradient * float("nan"))

    assert lowest(QuasiNewton(curvature, 1e-6), cliff) < 0.6 * cliff(np.zeros((2, 12), np.float32))[0]


def test_it_is_saved_and_read(tmp_path, curvature):
    save_curvature(curvature, tmp_path / "curvature.safetensors")
    read = load_curvature(tmp_path / "curvature.safetensors")
    assert np.array_equal(read.values, curvature.values)
    assert np.allclose(read.directions, curvature.directions, atol=1e-3)
    (tmp_path / "curvature.safetensors").write_bytes(b"something else")
    with pytest.raises(AnycostError, match="install the package again"):
        load_curvature(tmp_path / "curvature.safetensors")


def test_the_embedded_one_fits_the_embedded_generator():
    assert load_curvature().directions.shape[::2] == (16, 512)
