"""An edit is drawn in pieces: what moves the face, then skin and hair, which leave all else alone."""

import cv2
import numpy as np
import pytest
from anycost_backend.editing.edit_plan import EditPlan
from anycost_backend.editing.face_edit import FaceEdit, layers_of
from anycost_backend.editing.photo_view import square_parts
from anycost_backend.editing.session import Session
from anycost_models.editing.directions import load_directions
from anycost_models.editing.effects import USUAL_BASE, load_effects


def edited(session: Session, strengths: dict[str, float]) -> EditPlan:
    return session.planner.plan(0, strengths, session.planner.final_spec(0))


def test_each_attribute_is_drawn_with_its_like() -> None:
    strengths = {"smile": 1.0, "fringe": 1.0, "hair_red": -1.0, "skin_smoothness": 1.0, "glasses": 1.0, "age": 0.0}
    layers = layers_of(FaceEdit(strengths, held=("yaw",)), load_directions(), load_effects())
    assert layers.face.strengths == {"smile": 1.0, "age": 0.0}
    assert layers.face.held == ("yaw",)
    assert layers.recoloured == {"hair_red": -1.0}
    assert layers.still == ({"skin_smoothness": 1.0}, {"fringe": 1.0})
    ((base, glasses),) = layers.others.items()
    assert base != USUAL_BASE
    assert glasses == {"glasses": 1.0}


@pytest.mark.parametrize("name", ["hair_length", "hair_volume"])
def test_another_haircut_leaves_the_face_alone(session: Session, name: str) -> None:
    before = session.crop(0, 256).astype(int)
    after = session.square_with(0, edited(session, {name: 1.0}).change, 256)
    bare = square_parts(session.editable.parts(0)).together(("skin", "eyes", "mouth")) > 0.9
    inside = cv2.erode(bare.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    apart = np.abs(after - before).max(axis=2)
    assert inside.sum() > 3_000
    assert apart[inside].max() <= 2  # of 255
    assert (apart > 20).sum() > 2_000


def test_longer_hair_has_the_same_colour(session: Session) -> None:
    measure = session.models.labels.measure
    before = measure(session.crop(0, 256))
    after = measure(session.square_with(0, edited(session, {"hair_length": 1.0}).change, 256))
    assert after["hair_length"] > before["hair_length"] + 0.3 * session.models.effects.attributes["hair_length"].promise
    for name, unit in (("hair_lightness", 8.0), ("hair_red", 4.0)):
        assert after[name] == pytest.approx(before[name], abs=unit)


def test_a_smile_shows_beside_another_haircut(session: Session) -> None:
    measure, effects = session.models.labels.measure, session.models.effects
    before = measure(session.crop(0, 256))
    plan = edited(session, {"smile": -1.0, "hair_length": 1.0})
    after = measure(session.square_with(0, plan.change, 256))
    for name, sense in (("smile", -1), ("hair_length", 1)):
        assert sense * (after[name] - before[name]) > 0.4 * effects.target(name, sense, before[name])
    assert set(plan.strengths) == {"smile", "hair_length"}
    projected = session.planner.projected_view(0, session.planner.final_spec(0))
    assert plan.projected is projected  # before all pieces, and not before the last


def test_smooth_skin_leaves_eyes_brows_and_lips(session: Session) -> None:
    spec = session.planner.final_spec(0)
    before = session.crop(0, 256).astype(int)
    after = session.square_with(0, edited(session, {"skin_smoothness": 1.0}).change, 256)
    skin = session.planner.original(0, spec.side, "skin", "skin")[1].bare_skin
    assert skin is not None
    beside = cv2.resize(skin, (256, 256)) < 0.004
    apart = np.abs(after - before).max(axis=2)
    assert apart[beside].max() <= 3  # of 255
    assert (apart[~beside] > 4).mean() > 0.1
