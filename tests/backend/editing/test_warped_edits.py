"""Sliders of shape warp the photo: they show on every face, and all pixels stay the photo's."""

import cv2
import numpy as np
import pytest
from anycost_backend.editing.composite.views import FINE, QUICK, Detail, View
from anycost_backend.editing.edit_plan import EditPlan, RenderSpec
from anycost_backend.editing.face_edit import FaceEdit, layers_of
from anycost_backend.editing.handles import handles_of
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.editing.directions import load_directions
from anycost_models.editing.effects import load_effects
from anycost_models.face.landmarks import IRISES, LIDS

WARPED = sorted(name for name, one in load_effects().attributes.items() if one.warp and not one.drawn)


def edited(session: Session, strengths: dict[str, float]) -> EditPlan:
    return session.planner.plan(0, strengths, session.planner.final_spec(0))


def shown(session: Session, plan: EditPlan) -> np.ndarray:
    return session.square_with(0, plan.change, 256)


def test_what_is_warped_is_not_drawn() -> None:
    layers = layers_of(FaceEdit({"smile": 1.0, "jaw_width": -1.0}), load_directions(), load_effects())
    assert layers.face.strengths == {"smile": 1.0}
    assert layers.warped == {"jaw_width": -1.0}


@pytest.mark.parametrize("sense", [-1, 1])
@pytest.mark.parametrize("name", WARPED)
def test_the_label_moves_and_every_pixel_is_the_photos(session: Session, name: str, sense: int) -> None:
    plan, effects = edited(session, {name: sense}), session.models.effects
    before, after = (
        session.models.labels.measure(image)[name] for image in (session.crop(0, 256), shown(session, plan))
    )
    assert sense * (after - before) > 0.4 * effects.target(name, sense, before)
    if name != "gaze_up":  # whose irises leave white
        assert not plan.change.added.any()
        assert plan.change.original_weight.min() == 1


def test_a_narrow_jaw_leaves_the_picture_around_the_head(session: Session) -> None:
    before, after = session.crop(0, 256).astype(int), shown(session, edited(session, {"jaw_width": -1.0})).astype(int)
    apart = np.abs(after - before).max(axis=2)
    assert apart[:6].max() <= 3  # of 255: nothing moves at the square's border
    assert apart[:, :6].max() <= 3
    assert apart[150:230, 60:200].max() > 40


def test_a_gaze_moves_irises_within_lids_that_stay(session: Session) -> None:
    mesh = session.models.finder.mesh
    before = mesh.landmarks_aligned(session.crop(0, 256)).points[:, :2]
    after = mesh.landmarks_aligned(shown(session, edited(session, {"gaze_side": 1.0}))).points[:, :2]
    for iris, lids in zip(IRISES, LIDS, strict=True):
        moved = (after - before)[list(iris), 0].mean()
        assert moved > 1.0  # pixels
        assert np.abs((after - before)[list(lids)]).mean() < 0.5 * moved


@pytest.mark.parametrize("sense", [-1, 1])
def test_eyes_turn_behind_lids_and_leave_white(session: Session, sense: int) -> None:
    change = edited(session, {"gaze_up": sense}).change
    size = len(change.added)
    points = session.faces[0].in_square.points[:, :2]
    allowed = np.zeros((size, size), np.uint8)
    for lids in LIDS:
        cv2.fillPoly(allowed, [np.round(points[list(lids)] * size).astype(np.int32)], 1)
    allowed = cv2.dilate(allowed, np.ones((3, 3), np.uint8), iterations=round(0.02 * size))  # lids follow
    assert np.abs(change.added).max() > 0.05
    assert not change.added[allowed == 0].any()
    before, after = session.crop(0, size).astype(int).sum(axis=2), session.square_with(0, change, size).astype(int)
    for iris, lids in zip(IRISES, LIDS, strict=True):  # the darkest part, the pupil, goes where the gaze goes
        (x0, y0), (x1, y1) = (
            np.round(edge * size).astype(int) for edge in (points[list(lids)].min(0), points[list(lids)].max(0))
        )
        x = np.s_[round(points[iris[0], 0] * size) - 4 : round(points[iris[0], 0] * size) + 5]
        rows = [picture[y0 : y1 + 1, x].min(axis=1) for picture in (before, after.sum(axis=2))]
        assert sense * (rows[0].argmin() - rows[1].argmin()) > 1
        assert x0 < points[iris[0], 0] * size < x1


def test_eyes_behind_a_black_bar_stay_behind_it(session: Session) -> None:
    photo, lids = session.image.copy(), session.faces[0].landmarks[[*LIDS[0], *LIDS[1]], :2]
    (x0, y0), (x1, y1) = lids.min(axis=0).astype(int) - 14, lids.max(axis=0).astype(int) + 14
    photo[y0:y1, x0:x1] = 0
    barred = Session(Layer(photo), session.models)
    after = barred.square_with(0, edited(barred, {"gaze_up": 1.0}).change, 256).astype(int)
    assert np.abs(after - barred.crop(0, 256)).mean() < 1


def test_whatever_else_moves_eyes_stay_turned(session: Session) -> None:
    both = edited(session, {"gaze_up": 1.0, "smile": 0.5}).change
    alone = edited(session, {"gaze_up": 1.0}).change
    eye = np.s_[round(0.42 * len(alone.source)) : round(0.5 * len(alone.source))]
    here = (np.arange(len(alone.source)) + 0.5)[eye, None] / len(alone.source)
    up = [np.percentile(change.source[eye, :, 1] - here, 99.5) for change in (alone, both)]
    assert up[0] > 0.005  # of the square
    assert up[1] > 0.7 * up[0]


def test_a_smile_shows_beside_a_narrower_face(session: Session) -> None:
    measure, effects = session.models.labels.measure, session.models.effects
    before = measure(session.crop(0, 256))
    after = measure(shown(session, edited(session, {"smile": -1.0, "face_width": -1.0})))
    for name in ("smile", "face_width"):
        assert before[name] - after[name] > 0.4 * effects.target(name, -1, before[name])


def test_a_warp_draws_nothing(session: Session) -> None:
    edited(session, {"nose_width": 1.0})  # what it needs of the face is known then
    spent = dict(session.seconds)
    edited(session, {"nose_width": 0.5})
    assert session.seconds.get("render") == spent.get("render")


@pytest.mark.parametrize("sense", [-1.0, 1.0])
def test_a_nose_takes_no_mouth_along(session: Session, sense: float) -> None:
    """In drawings it does: wide noses smile."""
    measure, effects = session.models.labels.measure, session.models.effects
    before = measure(session.crop(0, 256))
    after = measure(shown(session, edited(session, {"nose_width": sense})))
    assert sense * (after["nose_width"] - before["nose_width"]) > 0.5 * effects.attributes["nose_width"].promise
    for name in ("smile", "mouth_width"):
        assert abs(after[name] - before[name]) < 0.2 * effects.labels[name].deviation


def test_points_that_are_dragged_go_with_the_warp(session: Session) -> None:
    handles = {handle.name: handle for handle in handles_of(session, 0, lambda fraction: None)}
    (left, _), (right, _) = (handles[name].moves["jaw_width"] for name in ("jaw_left", "jaw_right"))
    assert left < -1 < 1 < right  # pixels, a wider jaw
    assert handles["iris_left"].moves["gaze_side"][0] > 1
    assert handles["iris_left"].moves["gaze_up"][1] < -1
    assert handles["mouth_left"].moves["mouth_width"][0] < -1


@pytest.mark.parametrize("name", ["eye_size", "lip_fullness"])
def test_a_preview_moves_small_features_as_the_final_does(session: Session, name: str) -> None:
    models, planner = session.models, session.planner

    def at(detail: Detail) -> np.ndarray:
        spec = RenderSpec(models.quick, 256)

        def drawn(*args: object) -> View:
            raise AssertionError("a warp draws nothing")

        edit = FaceEdit({name: 1.0})
        plan = planner.plan_measured(0, edit, spec, models.directions, drawn, drawn, lambda: None, detail)
        return session.square_with(0, plan.change, 256).astype(int)

    preview, final, before = at(QUICK), at(FINE), session.crop(0, 256).astype(int)
    assert np.abs(preview - final).mean() < 0.2 * np.abs(final - before).mean()


def test_a_warp_holds_its_label_while_the_face_is_drawn(session: Session) -> None:
    planner, measure = session.planner, session.models.labels.measure
    before, spec = measure(session.crop(0, 256)), planner.final_spec(0)
    free, held = (planner.plan(0, FaceEdit({"smile": -1.0}, names), spec) for names in ((), ("mouth_width",)))
    drift = [abs(measure(shown(session, plan))["mouth_width"] - before["mouth_width"]) for plan in (free, held)]
    assert held.strengths["mouth_width"] > 0.3
    assert drift[1] < 0.6 * drift[0], drift


@pytest.mark.parametrize("gaze", ["gaze_side", "gaze_up"])
def test_eyes_that_were_drawn_turn_as_well(session: Session, gaze: str) -> None:
    measure, effects = session.models.labels.measure, session.models.effects
    ahead, turned = (
        measure(shown(session, edited(session, {"eyes_open": 1.0, gaze: gaze_strength})))[gaze]
        for gaze_strength in (0.0, 1.0)
    )
    assert turned - ahead > 0.5 * effects.attributes[gaze].promise
