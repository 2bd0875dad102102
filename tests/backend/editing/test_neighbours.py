"""An edit of one person leaves the heads of others as they are, in front, behind or beside."""

from functools import partial

import cv2
import numpy as np
import pytest
import skimage.data
from anycost_backend.editing.models import Models
from anycost_backend.editing.neighbours import SIDE, own_part
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.face.masks import face_oval
from anycost_models.generators.sub_generator import SubGenerator

QUICK = SubGenerator(256, 0.25)
EDITS = (
    {"smile": 1.5},
    {"hair_blond": 1.5, "light_side": 1.0, "pitch": 0.5},
)  # of the face, and of the head with its hair


def drawn(models: Models, seed: int) -> np.ndarray:
    return models.renderer.render8(models.renderer.sample(seed, 0.8), SubGenerator(512))


def together(models: Models, left: int, right: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Two drawn people, the right one `shift` pixels beside the left one and before them; bool: where the right one
    is."""
    picture = np.full((512, 512 + shift, 3), 110, np.uint8)
    for seed, x in ((left, 0), (right, shift)):
        face = drawn(models, seed)
        person = models.parser.parse(face).person[..., None]
        there = picture[:, x : x + 512]
        there[...] = np.rint(person * face + (1 - person) * there)
    return picture, np.pad(person[..., 0] > 0, ((0, 0), (shift, 0)))


def ovals(session: Session[Layer]) -> list[np.ndarray]:
    """bool, of the left face and of the right one: their ovals."""
    masks = []
    for face in session.faces:
        mask = np.zeros(session.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.rint(face_oval(face.mesh, forehead=0.1)).astype(np.int32)], 1)
        masks.append(mask > 0)
    return masks


@pytest.mark.parametrize(("left", "right", "shift"), [(1022, 1007, 240), (1010, 1030, 280), (1004, 1044, 330)])
def test_an_edit_stays_on_the_own_head(loaded: Models, left: int, right: int, shift: int) -> None:
    picture, before = together(loaded, left, right, shift)
    session = Session(Layer(picture), loaded, final_sub=QUICK)
    assert len(session.faces) == 2
    middles = [face.square.centre[0] for face in session.faces]
    behind, front = np.argsort(middles).tolist()
    covers = ovals(session)
    visible = {front: covers[front], behind: covers[behind] & ~before}
    for face, other in ((behind, front), (front, behind)):
        session.adopt(face, loaded.renderer.sample(1, 0.7))
        for edit in EDITS:
            plan = session.planner.plan(face, edit, session.planner.final_spec(face))
            after = session.photo.changing(partial(session.composite, session.photo, face, plan.change)).colours
            changed = (after != picture).any(axis=2)
            assert not (changed & visible[other]).any()
            assert (changed & visible[face]).sum() > 0.5 * visible[face].sum()


def test_a_face_alone_has_all_of_its_square(loaded: Models) -> None:
    session = Session(Layer(skimage.data.astronaut()), loaded)
    assert session.editable.own(0) is None
    square = session.faces[0].square
    own = session.faces[0].mesh.moved(square.matrix(SIDE))
    far = own.moved(np.array([[1.0, 0, 3 * SIDE], [0, 1, 0]]))
    assert own_part(own, [far], session.crop(0, SIDE)) is None
