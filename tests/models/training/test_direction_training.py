"""Learning directions: which rows do what is found, planned steps move one label, and curves make steps equal."""

import numpy as np
import pytest
from anycost_models.editing.directions import load_directions
from anycost_models.face.labels import LABELS, FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.identity import load_identity
from anycost_models.training.directions.attribute_pages import render_matrix, whole_step
from anycost_models.training.directions.attributes import ATTRIBUTES, LEARNED
from anycost_models.training.directions.edit_bench import EditBench, EditTrial, balanced_signs, sample_faces
from anycost_models.training.directions.fitting import plan
from anycost_models.training.directions.label_regression import Effects, WPlusCoordinates, regress
from anycost_models.training.directions.label_samples import GROUPS, sample_labels, wplus
from anycost_models.training.directions.response_curves import curve_of, strengthened

SPACE = WPlusCoordinates(np.zeros(8), np.eye(8)[:, :4], np.array([2.0, 1.0, 1.0, 0.5]))


@pytest.fixture(scope="module")
def effects(tmp_path_factory):
    """Of a world in which row 3 makes a smile, row 8 a colour, and a smile colours as well; one label is mere noise."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((600, len(GROUPS), 8)) * [2, 1, 1, 0.5, 1, 1, 1, 1]
    smile = 10 * w[:, 3, 1] + rng.normal(0, 2, 600)
    colour = 2 * w[:, 8, 0] + w[:, 3, 1] + w[:, 3, 2]
    labels = np.stack([smile, colour, rng.standard_normal(600)], axis=1)
    labels[:5, 0] = np.nan
    path = tmp_path_factory.mktemp("samples") / "samples.npz"
    identities = np.outer(w[:, 0, 2], np.ones(128))
    np.savez(path, w=w, labels=labels, identities=identities, names=np.array(["smile", "colour", "noise"]))
    return regress(path, SPACE)


def test_the_regression_finds_which_rows_do_what(effects):
    strongest = [np.abs(gain.reshape(len(GROUPS), -1)).sum(axis=1).argmax() for gain in effects.gains[:2]]
    assert strongest == [3, 8]
    assert effects.r2[:2].min() > 0.8
    assert effects.r2[2] < 0.1
    assert effects.deviations[0] == pytest.approx(10, rel=0.2)


def test_a_planned_step_moves_its_label_and_holds_the_other_unless_it_is_free(effects):
    held = effects.gains @ effects.plan("smile", 1.5)
    free = effects.gains @ effects.plan("smile", 1.5, free=("colour",))
    assert held[:2] == pytest.approx([1.5, 0], abs=0.15)
    assert free[0] == pytest.approx(1.5)
    assert free[1] > 0.3


def test_a_planned_step_stays_in_its_rows(effects):
    step = effects.plan("colour", 1.0, rows=slice(4, None)).reshape(len(GROUPS), -1)
    assert np.abs(step[:4]).max() < 1e-6
    assert effects.gains[1] @ step.ravel() == pytest.approx(1)


def test_what_was_measured_corrects_the_gains(effects):
    steps = np.array([effects.plan("smile", 1.5), effects.plan("colour", 1.5)])
    measured = np.array([[1.0, 0.6, 0.0], [0.0, 1.5, np.nan]])
    known = effects.corrected(steps, measured, np.array([1000, 1000]))
    np.testing.assert_allclose((steps @ known.gains.T)[:, :2], measured[:, :2], atol=0.05)
    chance = effects.corrected(steps, measured, np.array([0.01, 0.01]))
    np.testing.assert_allclose(chance.gains, effects.gains, atol=0.01)


def test_steps_come_back_from_their_coordinates():
    x = np.random.default_rng(1).standard_normal((2, len(GROUPS) * 4))
    steps = np.array([SPACE.step(row) for row in x])
    np.testing.assert_allclose(SPACE.coordinates(steps), x, atol=1e-5)
    assert wplus(steps).shape == (2, 16, 8)


@pytest.mark.parametrize("answers", [(-3.4, -1.7, 1.7, 3.4), (-2.0, -1.5, 1.3, 3.6), (-0.3, -0.3, 2.5, 5.5)])
def test_a_curve_rises_through_0_makes_steps_equal_and_ends_where_faces_fall_apart(answers):
    curve = curve_of(np.array(answers), 1.7, (-1.4, 1.5))
    strengths, multiples = np.array(curve).T
    assert (np.diff(curve, axis=0) > 0).all()
    assert (0, 0) in curve
    assert (multiples[0], multiples[-1]) == (-1.4, 1.5)
    half, whole = np.interp(np.interp([0.5, 1], strengths, multiples), [0, 1, 2], [0, *answers[2:]])
    assert half == pytest.approx(whole / 2, rel=0.15)


def test_a_strengthened_slider_does_more_and_ends_at_the_same_place():
    curve = curve_of(np.array([-3.4, -1.7, 1.7, 3.4]), 1.7, (-1.4, 1.1))
    more = strengthened(curve, 1.2, (-1.4, 1.1))
    strengths, multiples = np.array(more).T
    assert (np.diff(more, axis=0) > 0).all()
    assert np.interp(-1, strengths, multiples) == pytest.approx(1.2 * np.interp(-1, *np.array(curve).T), abs=0.01)
    assert (multiples[0], multiples[-1]) == (-1.4, 1.1)
    assert strengths[-1] == 1  # rather than less
    np.testing.assert_allclose(strengthened(curve, 1.0, (-1.4, 1.1)), curve, atol=0.01)


def test_what_is_tried_is_balanced_and_averaged_in_standard_deviations():
    signs = balanced_signs(3, 10, 0)
    assert (signs.sum(axis=1) == 0).all()
    before = np.zeros((10, 2))
    after = before + signs[:, :, None] * np.array([4.0, 0.0])
    tried = EditTrial(signs, before, after, np.full((3, 10), 0.3))
    np.testing.assert_allclose(tried.effects(np.array([2.0, 1.0])), [[2, 0]] * 3)
    assert (tried.same_person() == 1).all()


def test_the_attributes_are_those_that_are_shipped_and_each_has_its_label():
    names = [attribute.name for attribute in ATTRIBUTES]
    assert names == list(load_directions().by_name)
    assert set(names) <= set(LABELS)
    assert {label for attribute in ATTRIBUTES for label in attribute.free} <= set(LABELS)
    gains = np.random.default_rng(0).standard_normal((len(LABELS), 4 * len(GROUPS)))
    ones = np.ones(len(LABELS))
    effects = Effects(tuple(LABELS), gains, ones, ones, np.zeros((128, 4 * len(GROUPS))))
    assert [attribute.name for attribute in LEARNED] == [
        d.name for d in load_directions().by_name.values() if d.learned
    ]
    for attribute in LEARNED:
        assert np.linalg.norm(plan(effects, attribute)) <= attribute.max_length + 1e-6


def test_the_chart_shows_up_and_down():
    chart = render_matrix(np.array([[1.6, -1.6], [0.0, 0.1]]), ["smile", "age"], ["smile", "age"], {"smile": ("age",)})
    assert chart.shape[2] == 3
    red, blue = (chart[185, x].astype(int) for x in (146, 172))
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50


@pytest.mark.slow
def test_sampling_and_trying_go_on_where_they_stopped(tmp_path):
    model, path = load_generator(), tmp_path / "samples.npz"
    sample_labels(model, FaceLabels.load(), load_identity(), 2, path)
    with np.load(path) as first:
        w, labels = first["w"], first["labels"]
    sample_labels(model, FaceLabels.load(), load_identity(), 3, path)
    with np.load(path) as more:
        assert more["w"].shape == (3, len(GROUPS), 512)
        assert np.array_equal(more["w"][:2], w)
        assert np.array_equal(more["labels"][:2], labels)
        assert np.isfinite(more["identities"][0]).all()

    latents = sample_faces(model, 0, 2)
    step = whole_step(load_directions().direction("yaw"), latents.shape[1:])[None]
    bench, kept = EditBench.make(model), tmp_path / "tried.npz"
    tried = bench.run(latents, step, np.array([[1.0, -1.0]]), kept)
    again = bench.run(latents, step, np.array([[1.0, -1.0]]), kept)
    assert np.array_equal(tried.after, again.after)
    yaw = list(LABELS).index("yaw")
    assert (tried.effects(np.ones(len(LABELS)))[0, yaw]) > 5
    assert 0 < tried.identity.max() < 1
