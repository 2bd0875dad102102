"""The loss of projection as graphs: what torch answers, without torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.export.graph_cache import GraphCache
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference.onnx_network import has_bfloat16
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.projection import loss
from anycost_models.projection.curvature import load_curvature
from anycost_models.projection.inversion import ProjectionSettings, project
from anycost_models.projection.loss import AutogradLosses, resized
from anycost_models.projection.loss_graphs import LossGraphs
from anycost_models.projection.objective import Goal
from anycost_models.projection.settings import ProjectionStage
from anycost_models.weights import EMBEDDED_GENERATOR

RNG = np.random.default_rng(3)
FACE = np.kron(RNG.integers(0, 255, (8, 8, 3)), np.ones((32, 32, 1))).astype(np.uint8)
INSIDE = np.pad(np.ones((128, 128), np.float32), 64)
SETTINGS = ProjectionSettings()


@pytest.fixture(scope="module")
def model():
    return load_generator()


@pytest.fixture(scope="module")
def autograd(model):
    with pytest.MonkeyPatch.context() as patch:  # in float32, whatever the CPU is quick in
        patch.setattr(loss, "has_fast_bfloat16", lambda: False)
        yield AutogradLosses(model, load_perceptual())


def no_generator():
    raise AssertionError("torch's generator is not needed")


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def graphs(request):
    pytest.importorskip(request.param)
    return LossGraphs(GraphCache(EMBEDDED_GENERATOR, no_generator, request.param), precision="f32")


@pytest.fixture(scope="module")
def latent(autograd):
    offset = 0.5 * np.random.default_rng(4).standard_normal((16, 512), np.float32)
    return autograd.mean_style + offset * autograd.deviation


def test_the_unit_of_steps_is_torchs(graphs, autograd):
    assert np.allclose(graphs.mean_style, autograd.mean_style, atol=1e-6)
    assert np.allclose(graphs.deviation, autograd.deviation, rtol=1e-4)
    assert graphs.full == autograd.full
    assert [graphs.rows(SubGenerator(side)) for side in (64, 256, 1024)] == [8, 12, 16]
    assert [autograd.rows(SubGenerator(side)) for side in (64, 256, 1024)] == [8, 12, 16]


@pytest.mark.parametrize("side", [64, 128, pytest.param(256, marks=pytest.mark.slow)])
@pytest.mark.parametrize("settings", [SETTINGS, replace(SETTINGS, pixels=2.0, perceptual=0.0, outside=0.0)])
def test_loss_and_gradient_are_torchs(graphs, autograd, latent, side, settings):
    goal = Goal(FACE, INSIDE, settings)
    known, found = (losses.of(SubGenerator(side), goal)(latent) for losses in (autograd, graphs))
    assert found.loss == pytest.approx(known.loss, rel=1e-4)
    assert found.error == pytest.approx(known.error, rel=1e-4)
    assert found.enl0 == pytest.approx(known.enl0, rel=1e-4)
    assert np.abs(found.gradient - known.gradient).max() < 0.01 * np.abs(known.gradient).max()
    assert not known.gradient[graphs.rows(SubGenerator(side)) : -1].any()
    assert not found.gradient[graphs.rows(SubGenerator(side)) : -1].any()


@pytest.fixture(scope="module")
def drawn_face(model):
    """W+ [styles, D] of a face like those that are projected, and another one's picture."""
    z = torch.randn(2, 512, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        one, other = model.as_wplus(model.styles(z, 0.7))
        return one.numpy(), tensor_to_image(resized(model.half_size(other[None]), 256))


def test_the_full_generators_loss_is_that_of_nearly_its_image(graphs, autograd, drawn_face):
    """Its last block is computed at half its side."""
    latent, face = drawn_face
    full, goal = autograd.full, Goal(face, INSIDE, SETTINGS)
    known, found = (losses.of(full, goal)(latent) for losses in (autograd, graphs))
    assert found.error == pytest.approx(known.error, rel=0.02)
    assert found.enl0 == pytest.approx(known.enl0, rel=0.1)
    for row in range(16):  # down the one is down the other
        a, b = found.gradient[row], known.gradient[row]
        assert a @ b > 0.75 * np.linalg.norm(a) * np.linalg.norm(b), row
    own = Goal(
        tensor_to_image(resized(autograd.model.half_size(torch.from_numpy(latent)[None]).detach(), 256)), None, SETTINGS
    )
    assert 10 * np.log10(4 / graphs.of(full, own)(latent).error) > 32  # dB


def test_in_bfloat16_it_leads_the_same_way(graphs, drawn_face):
    if graphs.graphs.runtime != "openvino" or not has_bfloat16():
        pytest.skip("float32 is quicker here")
    latent, face = drawn_face
    quick, goal = LossGraphs(graphs.graphs), Goal(face, INSIDE, SETTINGS)
    for sub in (SubGenerator(64), SubGenerator(128), graphs.full):
        exact, found = (losses.of(sub, goal)(latent) for losses in (graphs, quick))
        assert found.loss == pytest.approx(exact.loss, rel=0.02)
        a, b = found.gradient.ravel(), exact.gradient.ravel()
        assert a @ b > 0.99 * np.linalg.norm(a) * np.linalg.norm(b), sub


def test_its_gradient_is_its_losses(graphs, drawn_face):
    latent, face = drawn_face
    value = graphs.of(graphs.full, Goal(face, INSIDE, SETTINGS))
    here = value(latent).gradient
    for rows in (slice(0, 6), slice(6, 12), slice(12, 16)):
        along = np.zeros_like(latent)
        along[rows] = 0.02 * here[rows] / np.abs(here[rows]).max()
        slope = (value(latent + along).loss - value(latent - along).loss) / 2
        assert slope == pytest.approx((here * along).sum(), rel=0.05), rows


def test_scores_are_torchs(graphs, autograd, latent):
    goal = Goal(FACE, None, SETTINGS)
    assert graphs.scores(latent, goal) == pytest.approx(autograd.scores(latent, goal), rel=1e-3)


def test_a_descent_comes_to_where_torch_comes(graphs, autograd, model):
    z = torch.randn(1, 512, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        face = tensor_to_image(resized(model.half_size(model.styles(z, 0.7)), 256))
    stages = (ProjectionStage(SubGenerator(64), 4),)
    settings = ProjectionSettings(stages)
    told = []
    with_meanwhile = replace(graphs, meanwhile=lambda: told.append(1))
    known, found = (
        project(losses, face, INSIDE, settings, curvature=load_curvature()) for losses in (autograd, with_meanwhile)
    )
    assert found.psnr == pytest.approx(known.psnr, abs=0.05)
    assert np.abs(found.latent - known.latent).max() < 0.05
    assert told  # while the graph was loaded


def test_a_sub_generator_that_there_is_not_is_refused(graphs):
    with pytest.raises(AnycostError, match="draws"):
        graphs.of(SubGenerator(96), Goal(FACE, None, SETTINGS))
