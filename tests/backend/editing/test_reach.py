"""Attributes go as far on a face as they promised, and are drawn from where they work."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_backend.editing.composite.overlay import changed_view, overlaid
from anycost_backend.editing.composite.placing import apply_rows
from anycost_backend.editing.composite.views import Change
from anycost_backend.editing.models import Models
from anycost_backend.editing.reach import Reach
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.editing.directions import Directions
from anycost_models.editing.effects import USUAL_BASE, Base, load_effects
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionSettings, ProjectionStage

QUICK = ProjectionSettings(stages=(ProjectionStage(SubGenerator(64), 6, 0.12, 0.08),))


def labels(session: Session, strengths: Mapping[str, float]) -> Mapping[str, float]:
    """Of the edited photo."""
    if not strengths:
        return session.models.labels.measure(session.crop(0, 256))
    plan = session.planner.plan(0, strengths, session.planner.final_spec(0))
    return session.models.labels.measure(session.square_with(0, plan.change, 256))


def test_glasses_smile_and_age_show_together(session: Session, loaded: Models) -> None:
    """Glasses are drawn from a base of their own, and laid over the others."""
    effects, before = loaded.effects, labels(session, {})
    assert effects.base("glasses", 1.0) != effects.base("smile", -1.0) == USUAL_BASE
    after = labels(session, {"glasses": 1.0, "smile": -1.0, "age": 1.0})
    for name, sense in (("glasses", 1), ("smile", -1), ("age", 1)):
        moved = sense * (after[name] - before[name]) / effects.target(name, sense, before[name])
        assert moved > 0.5, f"{name} shows {moved:.2f} of what is asked"


def test_glasses_leave_what_is_far_from_them(session: Session) -> None:
    plan = session.planner.plan(0, {"glasses": 1.0}, session.planner.final_spec(0))
    changed = np.abs(session.square_with(0, plan.change, 256).astype(int) - session.crop(0, 256)).max(axis=2) > 8
    rows = np.flatnonzero(changed.any(axis=1))
    assert 60 < rows.min() < rows.max() < 190  # mouth and hair stay


def test_what_a_face_shows_is_told_once_it_was_measured(session: Session) -> None:
    fresh = Session(Layer(skimage.data.astronaut()), session.models, final_sub=SubGenerator(256))
    fresh.project(0, QUICK)
    assert fresh.planner.reached(0, {"mouth_open": 1.0}) == {}
    plan = fresh.planner.plan(0, {"mouth_open": 1.0}, fresh.planner.final_spec(0))
    assert set(plan.reached) == {"mouth_open"}
    assert 0.3 < plan.reached["mouth_open"] <= 1
    assert fresh.planner.reached(0, {"mouth_open": 0.4}) == plan.reached  # of any strength in this sense
    assert fresh.planner.reached(0, {"mouth_open": -1.0}) == {}


def test_a_face_that_cannot_follow_says_so(loaded: Models) -> None:
    effects, directions = load_effects(), loaded.directions
    reach = Reach(effects, directions, np.zeros((16, 512), np.float32))
    promise = effects.attributes["fringe"].promise

    def bald(name: str, sense: int, tried: Directions) -> Mapping[str, float]:
        return {"fringe": 0.2 * promise}

    reach.find({"fringe": 1.0}, lambda: {"fringe": 0.0}, bald, lambda: None)
    assert reach.reached({"fringe": 1.0}) == pytest.approx({"fringe": 0.2})
    assert reach.gain("fringe", 1) <= effects.attributes["fringe"].more.most


def flat(mask: float, weight: float, added: float, reach: float = 1.0) -> Change:
    line = ((np.arange(8, dtype=np.float32) + 0.5) / 8 - 0.5) * reach + 0.5
    still = np.stack(np.meshgrid(line, line), axis=2)
    plane = np.ones((8, 8), np.float32)
    return Change(reach, still, weight * plane, np.full((8, 8, 4), added, np.float32), mask * plane)


@pytest.mark.parametrize("over", [flat(0.0, 1.0, 0.3), flat(1.0, 0.0, 0.3), flat(0.5, 0.6, 0.1), flat(0.9, 1.0, 0.2)])
@pytest.mark.parametrize("under", [flat(0.7, 0.8, 0.05), flat(0.0, 1.0, 0.4)], ids=["on it", "beside it"])
def test_a_change_over_another_is_one_change(over: Change, under: Change) -> None:
    photo = 0.6

    def shown(change: Change, before: float) -> float:
        mask, weight, added = change.mask[4, 4], change.original_weight[4, 4], change.added[4, 4, 0]
        return float(before + mask * (weight * before + added - before))

    assert shown(overlaid(under, over), photo) == pytest.approx(shown(over, shown(under, photo)), abs=1e-5)


def test_the_next_picture_is_planned_for_the_changed_photo(session: Session) -> None:
    """Eyes that moved are where the landmarks say."""
    plan = session.planner.plan(0, {"yaw": 0.8}, session.planner.final_spec(0))
    original = session.planner.original(0, 256, "head", "head")[0]
    view = changed_view(original, plan.change)
    measured = (
        session.models.finder.mesh.landmarks_aligned(session.square_with(0, plan.change, 256)).points[:, :2] / 256
    )
    eyes = [33, 133, 362, 263]
    moved = np.abs(measured - original.landmarks.points[:, :2])[eyes].max()
    off = np.abs(measured - view.landmarks.points[:, :2])[eyes].max()
    assert off < max(0.5 * moved, 0.012)


def test_a_base_far_from_the_projection_has_views_of_its_own(session: Session) -> None:
    spec = session.planner.final_spec(0)
    usual, other = session.planner.projected_view(0, spec), session.planner.projected_view(0, spec, Base(1.0, 0.7))
    assert usual is session.planner.projected_view(0, spec)
    assert np.abs(usual.image - other.image).mean() > 0.02


@pytest.mark.parametrize("strength", [1.0, -1.0])
def test_smooth_skin_has_less_of_the_photos_own_grain(session: Session, strength: float) -> None:
    before = session.models.labels.measure(session.crop(0, 256))["skin_smoothness"]
    after = labels(session, {"skin_smoothness": strength})["skin_smoothness"]
    assert strength * (after - before) > 0.2 * session.models.effects.attributes["skin_smoothness"].promise


def test_grain_is_left_alone_beside_the_skin() -> None:
    """In bands as at once, the last bit apart."""
    noise = np.random.default_rng(1).random((64, 64, 3)).astype(np.float32)
    half = np.zeros((8, 8), np.float32)
    half[:, 4:] = -1.0
    change = replace(flat(1.0, 1.0, 0.0), grain=half)
    to_square = np.array([[1 / 64, 0, 0], [0, 1 / 64, 0]])
    whole, _ = apply_rows(change, to_square, (64, 64), (0, 64), lambda a, b: noise[a:b])
    assert np.allclose(whole[:, :26], noise[:, :26], atol=1e-3)
    assert whole[:, 40:].std() < 0.8 * noise[:, 40:].std()
    bands = [apply_rows(change, to_square, (64, 64), rows, lambda a, b: noise[a:b])[0] for rows in ((0, 20), (20, 64))]
    assert np.allclose(np.concatenate(bands), whole, atol=1e-5)


def test_glasses_that_a_person_wears_stay_their_own(session: Session, loaded: Models) -> None:
    plan = session.planner.plan(0, {"glasses": 1.0}, session.planner.final_spec(0))
    photo = session.photo.changing(partial(session.composite, session.photo, 0, plan.change)).srgb8()
    wearing = Session(Layer(photo), loaded, final_sub=SubGenerator(256))
    wearing.project(0, QUICK)
    original = wearing.planner.original(0, 256, "face", "face")[0]
    assert original.glasses
    assert not session.planner.original(0, 256, "face", "face")[0].glasses
    strengths = {"squint": 1.0}
    spec, directions = wearing.planner.final_spec(0), wearing.planner.directions(0)
    kept = wearing.planner.plan(0, strengths, spec, directions=directions).change
    frames = wearing.editable.parts(0)["glasses"][48:-48, 48:-48] > 0.8
    added = np.abs(kept.added[:, :, :3]).max(axis=2)
    added = cv2.resize(added, frames.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.median(added[frames]) < 0.01  # only the photo's own pixels, moved
