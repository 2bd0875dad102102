"""Projection: the latent it finds draws the face that it was given."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from anycost_models.export.graph_cache import GraphCache
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FaceMesh
from anycost_models.face.masks import face_oval_mask, hair_of_matte, matte
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import load
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.identity import load_identity
from anycost_models.projection.curvature import Curvature, load_curvature
from anycost_models.projection.inversion import ProjectionSettings, project
from anycost_models.projection.loss import AutogradLosses
from anycost_models.projection.loss_graphs import LossGraphs
from anycost_models.projection.objective import Value
from anycost_models.projection.scores import ProjectionScorer
from anycost_models.projection.settings import ProjectionStage
from anycost_models.weights import EMBEDDED_GENERATOR

SHORT = ProjectionSettings(
    stages=(ProjectionStage(SubGenerator(32), 4, 0.12, 0.08), ProjectionStage(SubGenerator(64), 2, 0.1, 0.05))
)
Y, X = np.mgrid[0:256, 0:256]
OVAL = (((X - 128) / 75) ** 2 + ((Y - 138) / 100) ** 2 < 1).astype(np.float32)  # where an aligned face lies


@pytest.fixture(scope="module")
def model():
    return load_generator()


@pytest.fixture(scope="module")
def enl0():
    return load_perceptual()


@pytest.fixture(scope="module")
def tiny():
    """Of the same kind, untrained and quick, for what does not depend on faces."""
    torch.manual_seed(0)
    return MobileGenerator(TINY).eval().requires_grad_(False)


def drawn(model, latent):
    """By the full generator, at 256 px: uint8 RGB."""
    with torch.inference_mode():
        picture = F.interpolate(model(torch.from_numpy(latent)[None]).clamp(-1, 1), size=256, mode="area")
    return tensor_to_image(picture)


def psnr(a, b, where=None):
    """dB between uint8 pictures, where `where` is above 0."""
    error = (a.astype(float) - b) ** 2
    return 10 * np.log10(255**2 / np.mean(error if where is None else error[where > 0]))


@pytest.fixture(scope="module")
def mean_face(model):
    return model.mean_style.repeat(model.config.styles, 1).numpy()


@pytest.fixture(scope="module")
def face(model):
    """A face that the generator can draw."""
    z = torch.randn(1, 512, generator=torch.Generator().manual_seed(5))
    return drawn(model, model.as_wplus(model.styles(z, 0.7))[0].numpy())


def test_a_projection_comes_closer_than_the_mean_face(model, enl0, face, mean_face):
    stages = ProjectionStage(SubGenerator(64), 20, 0.12, 0.08), ProjectionStage(SubGenerator(128), 8, 0.1, 0.05)
    told = []
    found = project(
        AutogradLosses(model, enl0),
        face,
        settings=ProjectionSettings(stages),
        on_step=lambda step: told.append(step) or 1,
    )
    assert found.latent.shape == (16, 512)
    assert found.latent.dtype == np.float32
    assert found.psnr > psnr(drawn(model, mean_face), face) + 3
    assert found.psnr == pytest.approx(
        psnr(drawn(model, found.latent), face), abs=0.3
    )  # of the full generator's picture
    assert 0.1 < found.deviation < 1.5
    assert [step.step for step in told] == list(range(1, 29))
    assert {step.steps for step in told} == {28}
    assert [step.sub.resolution for step in told] == 20 * [64] + 8 * [128]
    assert told[-9].loss < 0.7 * told[0].loss
    assert told[-1].psnr > told[0].psnr + 3
    assert found.steps == 28


def test_the_same_seed_gives_the_same_bits(model, tiny, enl0, face):
    settings = ProjectionSettings(
        (ProjectionStage(SubGenerator(64), 3, 0.12, 0.08), ProjectionStage(SubGenerator(128), 2, 0.1, 0.05))
    )
    first, second = (project(AutogradLosses(model, enl0), face, settings=settings).latent for _ in range(2))
    assert np.array_equal(first, second)
    first, other = (
        project(AutogradLosses(tiny, enl0), face, settings=replace(SHORT, seed=seed)).latent for seed in (0, 1)
    )
    assert not np.array_equal(first, other)


def test_it_starts_where_the_encoder_says(tiny, enl0, face):
    answer = tiny.as_wplus(tiny.styles(torch.randn(1, TINY.style_dim)))[0].numpy()
    found = project(AutogradLosses(tiny, enl0), face, settings=ProjectionSettings(budget=0), start=answer)
    assert found.steps == 0
    assert np.allclose(found.latent, answer, atol=1e-5)
    assert found.psnr == pytest.approx(psnr(drawn(tiny, answer), face), abs=0.3)


def test_measured_curvature_goes_further_in_as_many_steps(model, enl0, face):
    stages = (ProjectionStage(SubGenerator(128), 8),)
    by_curvature = project(
        AutogradLosses(model, enl0), face, settings=ProjectionSettings(stages), curvature=load_curvature()
    )
    by_adam = project(
        AutogradLosses(model, enl0), face, settings=ProjectionSettings((replace(stages[0], learning_rate=0.2),))
    )
    assert by_curvature.psnr > by_adam.psnr + 1


def test_a_cheap_stage_leaves_the_rows_of_layers_that_it_lacks(tiny, enl0, face):
    """The last one tints what it draws, but what that does to the full picture only the full generator knows."""
    tinted = copy.deepcopy(tiny)
    for head in tinted.nested.heads.values():
        head.shade.normal_()
    stages = (ProjectionStage(SubGenerator(32), 5, 0.2, 0.05),)
    found = project(AutogradLosses(tinted, enl0), face, settings=ProjectionSettings(stages)).latent
    moved = (found != tinted.mean_style.numpy()).any(axis=1)
    assert moved.tolist() == [True] * 6 + [False] * 2


def test_whoever_wants_it_editable_stays_nearer_to_the_start(tiny, enl0, face):
    stages = (ProjectionStage(SubGenerator(32), 30, 0.2, 0.05),)
    faithful, editable = (
        project(AutogradLosses(tiny, enl0), face, settings=ProjectionSettings(stages, editable=wish))
        for wish in (0.0, 1.0)
    )
    assert editable.deviation < 0.8 * faithful.deviation


def test_it_stops_at_once_and_returns_the_best_so_far(tiny, enl0, face):
    mean_face = tiny.mean_style.repeat(TINY.styles, 1).numpy()
    found = project(AutogradLosses(tiny, enl0), face, settings=SHORT, on_step=lambda step: False)
    assert found.steps == 1
    assert np.array_equal(found.latent, mean_face)  # where it begins
    found = project(AutogradLosses(tiny, enl0), face, settings=SHORT, on_step=lambda step: step.step < 3)
    assert found.steps == 3
    assert not np.array_equal(found.latent, mean_face)


def test_a_stage_that_gains_nothing_ends_early(tiny, enl0, face):
    stuck = ProjectionStage(SubGenerator(64), 60, 0.0, 0.0)
    found = project(AutogradLosses(tiny, enl0), face, settings=ProjectionSettings((stuck, stuck), patience=2))
    assert 2 * 3 < found.steps < 60
    assert np.array_equal(found.latent, tiny.mean_style.repeat(TINY.styles, 1).numpy())


def test_where_importance_is_0_nothing_counts(tiny, enl0, face):
    """Only the pixels are compared here: features see a little beyond their place."""
    far = (X < 24) | (X >= 232) | (Y < 24)
    strange = np.where(far[:, :, None], np.array([255, 0, 255], np.uint8), face)
    settings = replace(SHORT, outside=0.0, perceptual=0.0)
    with_it = [project(AutogradLosses(tiny, enl0), picture, OVAL, settings).latent for picture in (face, strange)]
    without = project(AutogradLosses(tiny, enl0), strange, None, settings).latent
    assert np.array_equal(with_it[0], with_it[1])
    assert not np.array_equal(with_it[1], without)


class Valley:
    """The loss of a "generator" whose image is one grey, the mean of its latent; it remembers where it was asked."""

    styles, full = 2, SubGenerator(256)
    mean_style, deviation = np.zeros(4, np.float32), np.ones(4, np.float32)

    def __init__(self, scored=lambda latent: float(latent.mean())):
        self.asked, self.drawn, self.scored = [], [], scored

    def rows(self, sub):
        return self.styles

    def work(self, sub):
        return 1.0

    def of(self, sub, goal):
        def value(latent):
            self.asked.append(latent)
            off = float(latent.mean()) - 1
            slope = np.full_like(latent, goal.settings.pixels * 2 * off / latent.size)
            return Value(goal.settings.pixels * off**2, off**2, 0.0, slope)

        return value

    def prepare(self, sub):
        pass

    def scores(self, latent, goal):
        self.drawn.append(latent)
        return (self.scored(latent) - 1) ** 2, 0.0


FLAT = Curvature(
    np.eye(4, dtype=np.float32)[None, :1].repeat(2, 0), np.full((2, 1), 20, np.float32), np.full(2, 20, np.float32)
)
STEPS = ProjectionSettings((ProjectionStage(SubGenerator(64), 2), ProjectionStage(SubGenerator(256), 2)), editable=0)


def among(latent, others):
    return any(np.array_equal(latent, other) for other in others)


def test_the_last_step_of_each_stage_is_taken_where_the_next_one_or_the_result_is_evaluated(face):
    valley = Valley()
    found = project(valley, face, settings=STEPS, curvature=FLAT)
    assert found.steps == len(valley.asked) == 4
    assert not among(valley.asked[2], valley.asked[:2])  # the second stage begins with a step of the first one
    assert [found.latent.tolist()] == [latent.tolist() for latent in valley.drawn]  # and is drawn where it led
    assert not among(found.latent, valley.asked)


def test_a_last_step_that_led_uphill_is_taken_back(face):
    valley = Valley(scored=lambda latent: 5.0 if len(valley.drawn) == 1 else float(latent.mean()))
    found = project(valley, face, settings=STEPS, curvature=FLAT)
    assert len(valley.drawn) == 2
    assert np.array_equal(found.latent, valley.asked[-1])
    assert found.psnr == pytest.approx(10 * np.log10(4 / (found.latent.mean() - 1) ** 2), abs=0.01)


@pytest.mark.slow
def test_what_is_not_the_face_disturbs_less_with_importance(model, enl0, face):
    squares = np.where((X // 32 + Y // 32) % 2 == 0, 20, 220).astype(np.uint8)[:, :, None]
    strange = np.where(OVAL[:, :, None] > 0, face, squares)
    settings = ProjectionSettings(
        (ProjectionStage(SubGenerator(64), 25, 0.12, 0.08), ProjectionStage(SubGenerator(256), 15, 0.1, 0.03))
    )
    without, with_it = (
        psnr(drawn(model, project(AutogradLosses(model, enl0), strange, importance, settings).latent), face, OVAL)
        for importance in (None, OVAL)
    )
    assert with_it > without + 0.5


@pytest.mark.slow
def test_the_astronaut(model, enl0):
    """A real photo, with the settings that users get."""
    photo, mesh = skimage.data.astronaut(), FaceMesh.load()
    square = mesh.landmarks(photo, AlignedSquare((226.0, 125.0), (80.0, 0.0))).ffhq_square()
    face = square.crop(photo, 256)
    landmarks = mesh.landmarks_aligned(face)
    person = matte(face, load(path_of("selfie_matte")))
    importance = np.maximum(face_oval_mask(landmarks, 256), hair_of_matte(person, landmarks))
    losses = LossGraphs(GraphCache(EMBEDDED_GENERATOR, lambda: model))
    found = project(losses, face, importance, curvature=load_curvature())
    # With other weights of the sub-generators, the descent takes another way: by up to .4 dB better or worse.
    assert found.psnr >= 21.5
    assert psnr(drawn(model, found.latent), face) >= 21.5
    assert found.enl0 < 0.57
    assert found.deviation < 1.5
    scores = ProjectionScorer(model, enl0, load_identity()).scores(found.latent, face)
    assert scores.same_person
    assert scores.consistency_ratio < 1.1
