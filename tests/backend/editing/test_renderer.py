"""The renderer draws by graphs what torch draws."""

import numpy as np
import pytest
import torch
from anycost_backend.editing.renderer import Renderer
from anycost_models.core.errors import AnycostError
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.weights import EMBEDDED_GENERATOR

NARROW = SubGenerator(128, 0.25)


pytestmark = pytest.mark.usefixtures("shared_caches")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(EMBEDDED_GENERATOR)


def by_torch(renderer: Renderer, latent: np.ndarray, sub: SubGenerator) -> np.ndarray:
    with torch.inference_mode():
        picture = renderer.model(torch.from_numpy(latent)[None], sub)[0]
    return picture.add(1).div(2).clamp(0, 1).permute(1, 2, 0).numpy()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


def test_previews_are_those_of_torch(renderer: Renderer) -> None:
    for seed in range(4):
        latent = renderer.sample(seed, 0.7)
        picture = renderer.render(latent, NARROW)
        assert (picture.shape, picture.dtype) == ((128, 128, 3), np.float32)
        assert psnr(picture, by_torch(renderer, latent, NARROW)) > 45


@pytest.mark.slow
def test_full_pictures_are_those_of_torch(renderer: Renderer) -> None:
    for seed in range(8):
        latent = renderer.sample(seed, 0.7)
        assert psnr(renderer.render(latent), by_torch(renderer, latent, renderer.full)) > 47


def test_eight_bits_are_the_rounded_picture(renderer: Renderer) -> None:
    latent = renderer.sample(1, 0.7)
    exact = renderer.render(latent, NARROW) * 255
    rounded = renderer.render8(latent, NARROW)
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - exact).max() <= 0.5 + 1e-3


def test_a_seed_is_the_face_that_torch_draws_from_it(renderer: Renderer) -> None:
    z = torch.randn(1, 512, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        expected = renderer.model.styles(z, 0.7)[0].numpy()
    sampled = renderer.sample(5, 0.7)
    assert sampled.shape == (16, 512)
    np.testing.assert_allclose(sampled, np.broadcast_to(expected, (16, 512)), atol=1e-4)


def test_the_mean_face_needs_no_network(renderer: Renderer) -> None:
    assert np.array_equal(renderer.mean_style, renderer.sample(0, 0.0))


def test_a_latent_of_another_model_is_refused(renderer: Renderer) -> None:
    with pytest.raises(AnycostError, match=r"\(14, 512\).*the model that it was made for"):
        renderer.render(np.zeros((14, 512), np.float32), NARROW)
    with pytest.raises(AnycostError, match="not 100: choose one of them"):
        renderer.render(np.zeros((16, 512), np.float32), SubGenerator(100))
