"""Sliders of colour and light change the colours of the photo's own pixels, and nothing is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_backend.editing.composite.arrays import places
from anycost_backend.editing.composite.lens_tint import LENS_TINT
from anycost_backend.editing.composite.recolouring import RECOLOURED, WRINKLES
from anycost_backend.editing.edit_plan import EditPlan
from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.face_warnings import face_warnings
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import square_parts
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.photo import open_photo
from anycost_models.editing.effects import load_effects
from PIL import Image


def edited(session: Session, strengths: dict[str, float]) -> EditPlan:
    return session.planner.plan(0, strengths, session.planner.final_spec(0))


def opened(loaded: Models, light: float = 1.0) -> Session:
    """The astronaut with hair of so much of its lightness, not projected."""
    photo = skimage.data.astronaut()
    session = Session(Layer(photo), loaded)
    where = session.faces[0].square.uncrop(square_parts(session.editable.parts(0))["hair"], (0, 0, 512, 512))
    return Session(Layer((photo * (1 - where[:, :, None] * (1 - light))).astype(np.uint8)), loaded)


def inside_of(part: np.ndarray) -> np.ndarray:
    """Well inside a part, 0…1 [S, S]."""
    return cv2.erode((part > 0.9).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0


def lab_of(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


def test_what_is_not_drawn_is_warped_or_recoloured() -> None:
    effects = load_effects()
    still = {name for name in effects.attributes if not effects.drawn(name)}
    assert still - RECOLOURED - {LENS_TINT} == {name for name in still if effects.warp(name)}
    assert still >= RECOLOURED - WRINKLES.keys()  # which deepen as the generator draws an older face


@pytest.mark.parametrize("sense", [-1, 1])
@pytest.mark.parametrize("name", sorted(RECOLOURED - WRINKLES.keys()))
def test_the_label_moves_as_promised_without_a_projection(loaded: Models, name: str, sense: int) -> None:
    session = opened(loaded)
    plan = edited(session, {name: sense})
    was, has = (
        loaded.labels.measure(picture)[name]
        for picture in (session.crop(0, 256), session.square_with(0, plan.change, 256))
    )
    assert sense * (has - was) > 0.5 * loaded.effects.target(name, sense, was)
    assert session.latent(0) is None
    here = places(len(plan.change.source), plan.change.reach)
    assert np.array_equal(plan.change.source, here)  # nothing moves


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("hair_lightness", ("hair",)),
        ("hair_red", ("hair",)),
        ("skin_warmth", ("skin", "ears", "neck", "eyes", "mouth")),
        ("blush", ("skin", "eyes", "mouth")),
        ("lip_colour", ("mouth",)),
        ("light_side", ("hair", "skin", "ears", "neck", "eyes", "mouth", "clothes")),
    ],
)
def test_nothing_else_changes(loaded: Models, name: str, changes: tuple[str, ...]) -> None:
    session = opened(loaded)
    plan = edited(session, {name: 1.0})
    apart = np.abs(session.square_with(0, plan.change, 256).astype(int) - session.crop(0, 256)).max(axis=2)
    own = square_parts(session.editable.parts(0)).together(changes)
    beside = cv2.dilate((own > 0.02).astype(np.uint8), np.ones((21, 21), np.uint8)) == 0
    assert beside.sum() > 3_000
    assert apart[beside].max() <= 1  # of 255
    assert np.percentile(apart[own > 0.95], 98) > 4


def test_a_younger_face_loses_wrinkles_and_keeps_its_hair(session: Session) -> None:
    before = session.crop(0, 256)
    younger, older = (session.square_with(0, edited(session, {"age": sense}).change, 256) for sense in (-1.0, 1.0))
    parts = square_parts(session.editable.parts(0))
    cheeks = inside_of(parts["skin"]) & (cv2.GaussianBlur(parts["eyes"] + parts["mouth"], (0, 0), 8) < 0.02)
    rough = []
    for picture in (younger, before, older):
        light = lab_of(picture)[:, :, 0]
        rough.append(float(np.abs(light - cv2.GaussianBlur(light, (0, 0), 3))[cheeks].mean()))
    assert rough[0] < 0.9 * rough[1] < rough[1] < 0.95 * rough[2]
    hair = inside_of(parts["hair"])
    assert np.percentile(np.abs(younger.astype(int) - before).max(axis=2)[hair], 95) <= 2  # of 255


def test_light_comes_from_where_the_slider_says(loaded: Models) -> None:
    """On both sides of a nose that points at the camera, and on its bridge and the chin."""
    session = opened(loaded)
    before = lab_of(session.crop(0, 256))[:, :, 0]
    points = session.faces[0].mesh.moved(session.faces[0].square.matrix(256)).points[:, :2].astype(int)
    cheeks = points[50], points[280]  # at the picture's left and right
    for name, (lit, dark) in {"light_side": cheeks[::-1], "light_above": (points[9], points[199])}.items():
        after = lab_of(session.square_with(0, edited(session, {name: 1.0}).change, 256))[:, :, 0]
        gains = [float((after - before)[y - 3 : y + 4, x - 3 : x + 4].mean()) for x, y in (lit, dark)]
        assert gains[0] > gains[1] + 4, name


@pytest.mark.parametrize("light", [1.0, 0.35])
def test_hair_of_any_colour_greys_and_never_turns_blue(loaded: Models, light: float) -> None:
    """As it is, and as dark as black hair."""
    session = opened(loaded, light)
    measure, before = loaded.labels.measure, session.crop(0, 256)
    after = session.square_with(0, edited(session, {"hair_grey": 1.0}).change, 256)
    target = loaded.effects.target("hair_grey", 1, measure(before)["hair_grey"])
    assert measure(after)["hair_grey"] - measure(before)["hair_grey"] > 0.7 * target
    inside = square_parts(session.editable.parts(0))["hair"] > 0.9
    assert np.percentile(lab_of(after)[inside][:, 2], 5) > -4  # b*


def test_strands_stay_where_they_are(loaded: Models) -> None:
    """Light and shade of the hair are the photo's, at another lightness."""
    session = opened(loaded)
    before, after = session.crop(0, 256), session.square_with(0, edited(session, {"hair_lightness": -1}).change, 256)
    inside = square_parts(session.editable.parts(0))["hair"] > 0.9
    was, has = (lab_of(picture)[:, :, 0] for picture in (before, after))
    fine = [light - cv2.GaussianBlur(light, (0, 0), 4) for light in (was, has)]
    assert np.corrcoef(fine[0][inside], fine[1][inside])[0, 1] > 0.9


def test_colours_add_up(loaded: Models) -> None:
    session = opened(loaded, 0.5)
    measure = loaded.labels.measure
    one = measure(session.square_with(0, edited(session, {"hair_red": 1}).change, 256))
    both = measure(session.square_with(0, edited(session, {"hair_red": 1, "hair_lightness": 1}).change, 256))
    assert both["hair_lightness"] > one["hair_lightness"] + 8
    assert both["hair_red"] > one["hair_red"] - 2


def test_hair_beside_a_drawn_smile(session: Session) -> None:
    measure, effects = session.models.labels.measure, session.models.effects
    before = measure(session.crop(0, 256))
    plan = edited(session, {"smile": -1.0, "hair_lightness": 1.0})
    after = measure(session.square_with(0, plan.change, 256))
    for name, sense in (("smile", -1), ("hair_lightness", 1)):
        assert sense * (after[name] - before[name]) > 0.4 * effects.target(name, sense, before[name])


def test_hair_that_was_drawn_has_the_colour_of_all(session: Session) -> None:
    """Long hair, where the photo shows none."""
    long, red = (
        lab_of(session.square_with(0, edited(session, strengths).change, 256))
        for strengths in ({"hair_length": 1.0}, {"hair_length": 1.0, "hair_red": 1.5, "hair_lightness": -1.0})
    )
    old = cv2.dilate(square_parts(session.editable.parts(0))["hair"], np.ones((9, 9), np.uint8)) < 0.02
    apart = np.linalg.norm(long - lab_of(session.crop(0, 256)), axis=2)
    grown = old & (apart > 25)  # where a bright wall was
    assert grown.sum() > 300
    assert np.median((red - long)[grown], axis=0)[0] < -4  # L*


@pytest.mark.parametrize("sense", [-1.0, 1.0])
def test_light_falls_on_the_hair_that_is_drawn_and_not_on_the_wall(session: Session, sense: float) -> None:
    """Beside another haircut: longer hair at the lit side is lit, and the wall where hair was is not."""
    own, plain = {"hair_length": sense}, session.crop(0, 256)
    cut, lit = (
        session.square_with(0, edited(session, strengths).change, 256)
        for strengths in (own, {**own, "light_side": 1.0})
    )
    hair = square_parts(session.editable.parts(0))["hair"]
    apart = np.abs(cut.astype(int) - plain).max(axis=2) > 60
    gain = (lab_of(lit) - lab_of(cut))[:, :, 0]
    grown, bared = apart & (cv2.dilate(hair, np.ones((9, 9), np.uint8)) < 0.02), apart & (hair > 0.9)
    left = np.arange(256) < 128
    if sense > 0:
        assert (grown & left).sum() > 100
        assert np.median(gain[grown & left]) < -2  # dark hair at the dark side gets darker
    else:
        wall = bared & (lab_of(cut)[:, :, 0] > 75) & left
        assert wall.sum() > 100
        assert np.abs(np.median(gain[wall])) < 1


def test_a_photo_without_colours_gets_none(loaded: Models) -> None:
    grey = np.repeat((skimage.data.astronaut() @ [0.299, 0.587, 0.114]).astype(np.uint8)[:, :, None], 3, axis=2)
    session = Session(Layer(grey), loaded)
    after = session.square_with(0, edited(session, {"hair_lightness": 1.0, "hair_red": 1.0}).change, 256)
    assert np.ptp(after.astype(int), axis=2).max() <= 2  # of 255
    assert np.abs(after.astype(int) - session.crop(0, 256)).max() > 20


def test_an_edit_that_draws_nothing_projects_nothing(loaded: Models, tmp_path: Path) -> None:
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "photo.png")
    session = Session(open_photo(tmp_path / "photo.png"), loaded)
    edit = FaceEdit({"hair_grey": 1.0, "jaw_width": -0.5})
    assert face_warnings(session, 0, edit) == ()
    result = session.edit(session.photo, 0, edit)
    assert result.projection is None
    assert result.projected is None
    assert result.change is not None
    assert result.reached["hair_grey"] > 0.8
    assert session.latent(0) is None
    assert session.planner.draws({"jaw_width": 1.0, "smile": 0.2})
