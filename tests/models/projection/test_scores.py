"""Scores tell a good projection from a bad one, and people what to expect of it."""

import numpy as np
import pytest
import torch
from anycost_models.editing.directions import load_directions
from anycost_models.evaluation.projections import (
    EditEvaluation,
    evaluate,
    generated_faces,
    projection_sheet,
    summary,
)
from anycost_models.face.labels import FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_image
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.metrics.identity import load_identity
from anycost_models.projection.curvature import load_curvature
from anycost_models.projection.inversion import ProjectionSettings
from anycost_models.projection.loss import AutogradLosses
from anycost_models.projection.scores import ProjectionScorer
from anycost_models.projection.settings import ProjectionStage
from anycost_models.projection.warnings import warnings


@pytest.fixture(scope="module")
def scorer():
    return ProjectionScorer(load_generator(), load_perceptual(), load_identity(), (SubGenerator(64), SubGenerator(128)))


@pytest.fixture(scope="module")
def losses(scorer):
    return AutogradLosses(scorer.model, scorer.perceptual)


@pytest.fixture(scope="module")
def labels():
    return FaceLabels.load()


@pytest.fixture(scope="module")
def two(scorer):
    """Two people's latents, [2, styles, D]"""
    return scorer.model.as_wplus(held_out_styles(scorer.model, 2)[0]).numpy()


def face_of(scorer, latent):
    picture = scorer.full(torch.from_numpy(latent)[None])
    return tensor_to_image(torch.nn.functional.avg_pool2d(picture, picture.shape[-1] // 256))


def test_the_right_latent_scores_well_and_anothers_badly(scorer, two):
    face = face_of(scorer, two[0])
    right, wrong = (scorer.scores(latent, face) for latent in two)
    assert right.psnr > 40 > 20 > wrong.psnr
    assert right.enl0 < 0.05 < 0.5 < wrong.enl0
    assert right.identity < 0.2
    assert right.same_person
    assert not wrong.same_person
    assert 0.4 < right.consistency_ratio < 2
    assert right.consistency_ratio == pytest.approx(right.consistency / scorer.typical)
    assert 0.3 < right.deviation < 1.2


def test_what_is_missing_is_null():
    torch.manual_seed(0)
    tiny = MobileGenerator(TINY).eval().requires_grad_(False)
    latent = tiny.mean_style.repeat(TINY.styles, 1).numpy()
    scores = ProjectionScorer(tiny, load_perceptual(), None).scores(latent, np.zeros((256, 256, 3), np.uint8))
    assert (scores.identity, scores.same_person, scores.consistency, scores.consistency_ratio) == (None,) * 4


def test_warnings_say_what_is_wrong():
    assert warnings(23.0, True, 0.9, side=400, yaw=5) == ()
    assert warnings(23.0, None, 0.9) == ()
    (small,) = warnings(23.0, True, 0.9, side=16)
    assert "16 px" in small
    assert len(warnings(12.0, False, 1.8, side=16, yaw=-70)) == 5


@pytest.mark.slow
def test_the_first_half_second_brings_the_face_nearer(scorer, losses, labels):
    (subject,) = generated_faces(scorer.model, scorer, labels, 1, seed=3)
    mean = scorer.model.mean_style.repeat(scorer.model.config.styles, 1).numpy()
    settings = ProjectionSettings(stages=(ProjectionStage(SubGenerator(128), 2),))
    rows = list(evaluate(subject, scorer, settings, lambda face: mean, losses, load_curvature()))
    encoder, quick, refined = rows
    assert [row.stage for row in rows] == ["encoder", "quick", "refined"]
    assert quick.scores.psnr > encoder.scores.psnr + 3
    assert quick.scores.psnr > refined.scores.psnr > encoder.scores.psnr  # of two steps


def test_evaluation_compares_stages_and_edits(scorer, losses, labels):
    (subject,) = generated_faces(scorer.model, scorer, labels, 1, seed=3)
    assert np.abs(subject.face.astype(float) - subject.clean).mean() > 1  # a photograph of it
    editing = EditEvaluation(scorer, labels, load_directions())
    settings = ProjectionSettings(budget=0)
    rows = list(evaluate(subject, scorer, settings, lambda face: subject.latent, losses, editing=editing))
    assert [row.stage for row in rows] == ["encoder"]
    assert rows[0].clean.psnr > 40 > rows[0].scores.psnr
    assert rows[0].edits.effect > 0.1
    assert rows[0].edits.same_person
    told = summary(rows)
    assert told["faces"] == 1
    assert told["psnr_clean"] == pytest.approx(rows[0].clean.psnr)
    assert told["edit_effect"] == pytest.approx(1, rel=1e-3)  # the face's own latent, but for rounding in `eased`
    assert told["edit_same_person"] == 1
    sheet = projection_sheet([subject], rows, scorer)
    assert sheet.shape[1] > 4 * 192
