"""Lenses darken, those that are worn and those that are drawn, and nothing else does."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from anycost_backend.editing.composite.lenses import Lens, lenses
from anycost_backend.editing.composite.views import QUICK
from anycost_backend.editing.edit_plan import EditPlan, RenderSpec
from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.face_warnings import face_warnings
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.face.landmarks import IRISES
from anycost_models.face.masks import polygon_mask

SIDE = 256  # pixels


def edited(session: Session, strengths: dict[str, float]) -> EditPlan:
    return session.planner.plan(0, strengths, session.planner.final_spec(0))


def light(session: Session, strengths: dict[str, float]) -> np.ndarray:
    """L* of the edited face, [256, 256]."""
    picture = session.square_with(0, edited(session, strengths).change, SIDE)
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0]


@pytest.fixture(scope="module")
def bespectacled(session: Session) -> Session:
    """The astronaut in a photo in which she wears glasses."""
    picture = session.square_with(0, edited(session, {"glasses": 1.0}).change, SIDE)
    return Session(Layer(picture), session.models)


def found(session: Session) -> tuple[Lens, ...]:
    picture = session.crop(0, SIDE)
    return lenses(picture, session.models.parser.parse(picture), session.faces[0].in_square)


def test_lenses_are_found_around_the_eyes(bespectacled: Session) -> None:
    left, right = found(bespectacled)
    points = bespectacled.faces[0].in_square.points[:, :2]
    areas = []
    for lens, iris in zip((left, right), IRISES, strict=True):
        assert lens.share > 0.9
        inside = polygon_mask(lens.outline * SIDE, SIDE)
        x, y = (points[iris[0]] * SIDE).astype(int)
        assert inside[y, x] == 1
        areas.append(float(inside.mean()))
    assert 0.8 < areas[0] / areas[1] < 1.25
    assert 0.005 < areas[0] < 0.02


def test_without_glasses_there_are_none_and_the_slider_says_so(session: Session) -> None:
    assert found(session) == ()
    plan = edited(session, {"lens_tint": 1.0})
    assert not plan.change.mask.any()
    assert plan.reached == {"lens_tint": 0.0}
    assert "lens_tint" in session.editable.hidden(0)
    assert any("no glasses" in text for text in face_warnings(session, 0, FaceEdit({"lens_tint": 1.0})))
    assert face_warnings(session, 0, FaceEdit({"lens_tint": 0.0})) == ()


def test_worn_lenses_darken_by_the_strength_and_all_else_stays(bespectacled: Session) -> None:
    assert "lens_tint" not in bespectacled.editable.hidden(0)
    assert not bespectacled.planner.draws({"lens_tint": 1.0})
    none, half, whole = (light(bespectacled, {"lens_tint": strength, "blush": 0.0}) for strength in (-1, 0.5, 1.0))
    inside = np.maximum.reduce([polygon_mask(lens.outline * SIDE, SIDE) for lens in found(bespectacled)])
    lens = cv2.erode(inside, np.ones((5, 5))) > 0.5
    far = cv2.dilate(inside, np.ones((9, 9))) == 0
    assert none[lens].mean() > 1.4 * half[lens].mean()
    assert half[lens].mean() > 1.2 * whole[lens].mean()
    assert whole[lens].mean() < 30
    assert np.array_equal(none[far], whole[far])
    assert edited(bespectacled, {"lens_tint": 1.0}).reached == {"lens_tint": 1.0}


def test_drawn_glasses_become_sunglasses(session: Session) -> None:
    clear, dark = (light(session, {"glasses": 1.0, "lens_tint": tint}) for tint in (0.0, 1.0))
    points = session.faces[0].in_square.points[:, :2] * SIDE
    for iris, cheek in zip(IRISES, (50, 280), strict=True):
        x, y = points[iris[0]].astype(int)
        assert dark[y + 6, x] < 0.5 * clear[y + 6, x]
        x, y = points[cheek].astype(int)
        assert dark[y + 10, x] == pytest.approx(clear[y + 10, x], abs=0.5)
    assert edited(session, {"glasses": 1.0, "lens_tint": 1.0}).reached["lens_tint"] == 1.0


def test_glasses_that_are_taken_off_leave_no_dark_lenses(bespectacled: Session) -> None:
    plan = edited(bespectacled, {"glasses": -1.0, "lens_tint": 1.0})
    bare = edited(bespectacled, {"glasses": -1.0})
    if plan.reached["lens_tint"] == 0:  # they are gone
        assert np.array_equal(plan.change.mask > 0, bare.change.mask > 0)


def test_a_moving_preview_shows_what_the_final_picture_does(bespectacled: Session) -> None:
    planner = bespectacled.planner
    spec = replace(planner.final_spec(0), side=SIDE)
    final = planner.plan(0, {"lens_tint": 1.0}, spec).change

    def unused(*_: object) -> None:
        raise AssertionError("nothing is drawn")

    edit, directions = FaceEdit({"lens_tint": 1.0}), planner.directions(0)
    quick = planner.plan_measured(0, edit, spec, directions, unused, unused, lambda: None, QUICK).change  # type: ignore[arg-type]
    one, other = (bespectacled.square_with(0, change, SIDE).astype(int) for change in (final, quick))
    assert np.abs(one - other).mean() < 0.5
    assert np.percentile(np.abs(one - other), 99.5) < 12


def test_worn_lenses_need_no_projection(bespectacled: Session) -> None:
    spec = RenderSpec(bespectacled.planner.final_spec(0).sub, SIDE)
    assert bespectacled.planner.plan(0, {"lens_tint": 0.7}, spec).projected is None
