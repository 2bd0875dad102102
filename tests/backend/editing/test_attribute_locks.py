"""Edits with held attributes, on a generated face: preview and final are corrected alike; all can be held."""

from collections.abc import Mapping

import pytest
import skimage.data
from anycost_backend.editing.edit_plan import RenderSpec
from anycost_backend.editing.face_edit import FaceEdit, FaceEditLike, as_face_edit
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.core.errors import AnycostError
from anycost_models.generators.sub_generator import SubGenerator

HELD = FaceEdit({"age": 1.0}, ("brows_up",))
MOVING = RenderSpec(SubGenerator(128, 0.25), 256)
RESTING = RenderSpec(SubGenerator(128), 256)


pytestmark = pytest.mark.usefixtures("shared_caches")


@pytest.fixture
def session(loaded: Models) -> Session:
    """The latent is a generated face's. Finals are rendered at 256 px, which is quicker."""
    session = Session(Layer(skimage.data.astronaut()), loaded, final_sub=SubGenerator(256))
    session.adopt(0, loaded.renderer.sample(903, 0.7))
    return session


def strengths_of_moving(session: Session, edit: FaceEditLike) -> Mapping[str, float]:
    """As the preview of a moving slider has them."""
    planner = session.planner
    rendered = planner.render(0, as_face_edit(edit), MOVING, planner.directions(0), lambda: None, quick_locks=True)
    assert rendered is not None
    return rendered.strengths


def test_the_held_label_stays_in_the_final_image(session: Session, loaded: Models) -> None:
    latent = session.latent(0)
    assert latent is not None

    def brows(strengths: dict[str, float]) -> float:
        image = loaded.renderer.render8(session.planner.directions(0).apply(latent, strengths), SubGenerator(256))
        return loaded.labels.measure(image)["brows_up"]

    final = session.planner.plan(0, HELD, session.planner.final_spec(0)).strengths
    still, dragged, held = brows({}), brows({"age": 1.0}), brows(dict(final))
    assert abs(held - still) < 0.5 * abs(dragged - still)
    assert final["age"] == 1.0


def test_a_moving_preview_is_corrected_in_proportion_until_one_at_rest_has_measured(session: Session) -> None:
    half = FaceEdit({"age": 0.5}, HELD.held)
    foreseen, half_foreseen = (strengths_of_moving(session, edit)["brows_up"] for edit in (HELD, half))
    assert half_foreseen == pytest.approx(foreseen / 2)
    resting = session.planner.plan(0, HELD, RESTING).strengths
    assert strengths_of_moving(session, HELD) == resting


def test_the_preview_at_rest_is_corrected_as_the_final_image_is(session: Session) -> None:
    resting = session.planner.plan(0, HELD, RESTING).strengths
    assert session.planner.plan(0, HELD, session.planner.final_spec(0)).strengths == resting


def test_without_a_lock_strengths_are_as_they_were_set(session: Session) -> None:
    assert strengths_of_moving(session, {"age": 1.0}) == {"age": 1.0}


def test_what_cannot_be_held_is_refused(session: Session) -> None:
    with pytest.raises(AnycostError, match="brows_up"):
        strengths_of_moving(session, FaceEdit({"age": 1.0}, ("brows_pu",)))
    with pytest.raises(AnycostError, match="another face"):
        FaceEdit(offset=session.latent(0)[:3]).check(session.models.directions, session.models.latent_shape)  # type: ignore[index]
