"""Sliders of shape warp the photo: they show on every face, and all pixels stay the photo's."""

import numpy as np
import pytest
from anycost_backend.editing.composite.recolouring import RECOLOURED
from anycost_backend.editing.edit_plan import EditPlan
from anycost_backend.editing.face_edit import FaceEdit, layers_of
from anycost_backend.editing.handles import handles_of
from anycost_backend.editing.session import Session
from anycost_models.editing.directions import load_directions
from anycost_models.editing.effects import load_effects
from anycost_models.face.landmarks import IRISES, LIDS

WARPED = sorted(name for name, one in load_effects().attributes.items() if not one.drawn and name not in RECOLOURED)


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


def test_points_that_are_dragged_go_with_the_warp(session: Session) -> None:
    handles = {handle.name: handle for handle in handles_of(session, 0, lambda fraction: None)}
    (left, _), (right, _) = (handles[name].moves["jaw_width"] for name in ("jaw_left", "jaw_right"))
    assert left < -1 < 1 < right  # pixels, a wider jaw
    assert handles["iris_left"].moves["gaze_side"][0] > 1
