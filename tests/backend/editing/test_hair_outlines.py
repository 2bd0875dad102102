"""Where an edit of the hair may draw: on the head, not on what is beside it."""

from dataclasses import replace

import numpy as np
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import View
from anycost_backend.editing.edit_plan import RenderSpec
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import one_head, square_parts
from anycost_backend.editing.session import Session
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import PARTS, Parts

SPEC = RenderSpec(SubGenerator(256), 256)


def apart(session: Session, edited: View) -> np.ndarray:
    """By how much of 255 the square changes, [256, 256]."""
    projected = session.planner.projected_view(0, SPEC)
    original, ground = session.planner.original(0, SPEC.side, "hair", "hair")
    change = plan(original, projected, edited, "hair", ground=ground)
    return np.abs(session.square_with(0, change, 256).astype(int) - session.crop(0, 256)).max(axis=2)


def test_hair_beside_the_head_is_background(loaded: Models) -> None:
    """As the generator now and then draws some on the wall."""
    parts = loaded.parser.parse(loaded.renderer.render8(loaded.renderer.sample(1, 0.7), SPEC.sub))
    assert one_head(parts) is parts
    shares = parts.shares.copy()
    shares[:, 4:20, 4:20] = 0
    shares[PARTS.index("hair"), 4:20, 4:20] = 1
    cleaned = one_head(Parts(shares))
    assert cleaned["background"][4:20, 4:20].min() == 1
    assert np.array_equal(cleaned.shares[:, 60:], parts.shares[:, 60:])


def test_ears_and_neck_keep_their_outline_where_no_hair_is(session: Session) -> None:
    """Whatever the drawing makes of them: here, its neck is bare wall."""
    view = session.planner.projected_view(0, SPEC)
    assert isinstance(view.parts, Parts)
    neck = view.parts["neck"] > 0.5
    assert neck.sum() > 500
    shares = view.parts.shares.copy()
    shares[:, neck] = 0
    shares[PARTS.index("background"), neck] = 1
    image = view.image.copy()
    image[neck] = view.image[20, 20]
    photo = square_parts(session.editable.parts(0))
    bare = (photo["neck"] > 0.8) & neck
    assert bare.sum() > 300
    assert np.percentile(apart(session, replace(view, image=image, parts=Parts(shares)))[bare], 95) <= 4
