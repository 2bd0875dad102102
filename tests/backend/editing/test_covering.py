"""What is before a face stays as it is, and what it hides is said; faces that nothing covers are edited as they are."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.covering import covering
from anycost_backend.editing.edit_evaluation import generated_photographs
from anycost_backend.editing.face_edit import FaceEdit
from anycost_backend.editing.face_warnings import face_warnings
from anycost_backend.editing.faces import Face
from anycost_backend.editing.handles import handles_of
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import square_parts
from anycost_backend.editing.region import Region
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.server.replies import face_reply
from anycost_models.face.degradation import TRAINING, DegradationStrength, degrade
from anycost_models.face.masks import lips_mask
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import PARTS, Parts
from anycost_models.projection.settings import ProjectionSettings
from face_covers import CLOTHS, WithCover, dark_glasses, hand, mask, microphone

ASTRONAUT = skimage.data.astronaut()
QUICK = SubGenerator(256, 0.25)
PLAIN = DegradationStrength(**{**vars(TRAINING), "occluder": 0.0})
AT_ONCE = ProjectionSettings(budget=0)


@pytest.fixture(scope="module")
def face(loaded: Models) -> Face:
    return loaded.finder.find(ASTRONAUT)[0]


def opened(photo: np.ndarray, models: Models) -> Session[Layer]:
    return Session(Layer(photo), models, final_sub=QUICK)


def edited(session: Session[Layer], strengths: dict[str, float]) -> np.ndarray:
    """The photo with the face edited."""
    session.project(0, AT_ONCE)
    plan = session.planner.plan(0, strengths, session.planner.final_spec(0))
    return session.photo.changing(partial(session.composite, session.photo, 0, plan.change)).colours


def covers() -> list[tuple[str, str, Callable[[np.ndarray, Face], WithCover]]]:
    """(name, what it covers, who draws it)."""
    cloths = [
        (f"mask, {name}", "mouth", lambda photo, face, colour=colour: mask(photo, face.mesh, colour))
        for name, colour in CLOTHS.items()
        if name in ("blue", "black", "skin-coloured")
    ]
    return [
        *cloths,
        ("hand", "mouth", lambda photo, face: hand(photo, face.mesh)),
        ("glove", "mouth", lambda photo, face: hand(photo, face.mesh, (60, 80, 150))),
        ("hand before an eye", "eye", lambda photo, face: hand(photo, face.mesh, at=159)),
        ("dark glasses", "eyes", lambda photo, face: dark_glasses(photo, face.mesh)),
    ]


@pytest.mark.parametrize(("covered", "draw"), [pytest.param(what, draw, id=name) for name, what, draw in covers()])
def test_a_cover_stays_and_what_it_hides_is_said(
    loaded: Models, face: Face, covered: str, draw: Callable[[np.ndarray, Face], WithCover]
) -> None:
    photo, where = draw(ASTRONAUT, face)
    session = opened(photo, loaded)
    covering = session.editable.covering(0)
    assert covering is not None
    assert covering.covered == (covered,)
    strengths = {"smile": 1.0, "mouth_open": 1.0, "age": 1.0, "beard": 1.0}
    changed = np.abs(edited(session, strengths).astype(int) - photo).max(axis=2)
    assert np.percentile(changed[where == 1], 80) <= 1
    assert changed.max() > 20  # elsewhere the edit shows


def test_a_microphone_stays(loaded: Models, face: Face) -> None:
    photo, where = microphone(ASTRONAUT, face.mesh)
    changed = np.abs(edited(opened(photo, loaded), {"smile": -1.0, "mouth_open": 1.0}).astype(int) - photo)
    assert np.percentile(changed[where == 1], 90) == 0
    assert changed.max() > 20  # elsewhere the edit shows


def test_faces_without_a_cover_have_none(loaded: Models) -> None:
    """Drawn with beards, glasses, make-up, shadows, closed eyes and open mouths; every second one made a photograph."""
    edits: list[dict[str, float]] = [
        *({}, {"beard": 1.3, "moustache": 1.2}, {"mouth_open": 1.3}, {"glasses": 1.2}, {"light_side": 2.0}),
        *({"light_above": -1.8}, {"eyes_open": -1.5}, {"lip_colour": 2.0, "eye_makeup": 1.5}, {"fringe": 1.3}, {}),
    ]
    wrong = []
    for seed, strengths in enumerate(edits):
        latent = loaded.directions.apply(loaded.renderer.sample(seed, 0.8), strengths)
        picture = loaded.renderer.render8(latent, SubGenerator(256))
        session = opened(picture if seed % 2 else degrade(picture, seed, PLAIN).image, loaded)
        assert session.faces
        wrong += [seed] if session.editable.covering(0) else []
    assert not wrong
    assert opened(ASTRONAUT, loaded).editable.covering(0) is None


def test_a_mouth_that_the_parser_sees_for_the_most_part_is_not_covered(loaded: Models, face: Face) -> None:
    """As in a turned head with dark lipstick, whose projection has other lips."""
    crop, session = face.square.crop(ASTRONAUT, 256), opened(ASTRONAUT, loaded)
    mesh = face.mesh.moved(face.square.matrix(256))
    lips = lips_mask(mesh, 256) > 0.5
    shares = square_parts(session.editable.parts(0)).shares.copy()
    unseen = lips & (np.cumsum(lips.sum(axis=0)) < 0.24 * lips.sum())  # the corner that is turned away
    shares[:, unseen] = 0
    shares[PARTS.index("skin"), unseen] = 1
    painted = crop.copy()
    painted[cv2.dilate(lips.astype(np.uint8), np.ones((9, 9))) > 0] = 60, 10, 90
    assert 0.7 < shares[PARTS.index("mouth")][lips].mean() < 0.8
    assert covering(crop, Parts(shares), mesh, lambda: painted) is None


def test_what_a_cover_hides_is_said_before_anything_is_applied(loaded: Models, face: Face) -> None:
    photo, _ = mask(ASTRONAUT, face.mesh, CLOTHS["blue"])
    session = opened(photo, loaded)
    session.adopt(0, loaded.renderer.sample(1, 0.7))
    assert face_warnings(session, 0, FaceEdit({"smile": 1, "age": 1}))[-1] == (
        "something covers the mouth: what covers it stays as it is, and nothing is seen of smile"
    )
    region = Region(Layer(photo), None, loaded, ByteLRUCache(1 << 28), QUICK)
    region.session.adopt(0, loaded.renderer.sample(1, 0.7))
    reply = face_reply(region, 0)
    assert reply.warning == "covered at the mouth, which stays as it is"
    assert {"smile", "beard"} < set(reply.hidden) < loaded.directions.by_name.keys()
    handles = {handle.name for handle in handles_of(region.session, 0, lambda fraction: None)}
    assert "brow_left" in handles
    assert not handles & {"mouth_left", "mouth_right", "lower_lip", "chin"}


def test_eyes_in_shadow_are_no_dark_glasses(loaded: Models) -> None:
    """A face in the sun, whose eyes the parser half takes for lenses."""
    *_, (_, shadowed) = generated_photographs(loaded, 5)
    assert Session(shadowed, loaded).editable.covering(0) is None


def test_sliders_of_colours_show_nothing_without_colours(loaded: Models) -> None:
    grey = np.repeat((ASTRONAUT @ [0.299, 0.587, 0.114]).astype(np.uint8)[:, :, None], 3, axis=2)
    session = opened(grey, loaded)
    session.adopt(0, loaded.renderer.sample(1, 0.7))
    assert {"lip_colour", "hair_red"} <= set(session.editable.hidden(0))
    assert "hair_lightness" not in session.editable.hidden(0)
    assert not opened(ASTRONAUT, loaded).editable.is_monochrome(0)
    assert face_warnings(session, 0, FaceEdit({"lip_colour": 1, "age": 1}))[-1] == (
        "the picture has no colours: nothing is seen of lip_colour"
    )


def test_a_hat_stays_and_hair_sliders_say_so(loaded: Models) -> None:
    """Drawn with a cap by the generator, and found by the parser."""
    cap = loaded.renderer.render8(loaded.renderer.sample(8006, 0.8), SubGenerator(512))
    session = opened(cap, loaded)
    session.adopt(0, loaded.renderer.sample(1, 0.7))
    assert session.editable.wears_hat(0)
    assert not opened(ASTRONAUT, loaded).editable.wears_hat(0)
    assert face_warnings(session, 0, FaceEdit({"hair_length": 1, "age": 1}))[-1] == (
        "a hat stays as it is: of hair_length only the hair beside it shows something"
    )
    assert "fringe" in session.editable.hidden(0)
    square = session.faces[0].square
    hat = square.uncrop(square_parts(session.editable.parts(0))["head_covering"], (0, 0, 512, 512)) > 0.9
    assert hat.mean() > 0.1
    difference = edited(session, {"hair_lightness": 1.5}).astype(int) - cap
    assert np.abs(difference[hat].mean(axis=0)).max() < 3  # it may move by a pixel, but is no lighter
    assert np.abs(difference).max() > 40
