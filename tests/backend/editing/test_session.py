"""A photo being edited: faces, their latents, and edits that touch nothing else."""

import time
from pathlib import Path

import numpy as np
import photo_files
import pytest
import skimage.color
import skimage.data
from anycost_backend.editing.composite.placing import apply
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import EditResult, Session
from anycost_backend.photo.photo import Photo, open_photo
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import eased
from anycost_models.generators.elastic import SubGenerator
from anycost_models.projection.inversion import ProjectionSettings, ProjectionStep
from anycost_models.projection.settings import ProjectionStage

ASTRONAUT = skimage.data.astronaut()
QUICK = ProjectionSettings(stages=(ProjectionStage(SubGenerator(64), 6, 0.12, 0.08),))


pytestmark = pytest.mark.usefixtures("shared_caches")


def opened(folder: Path, pixels: np.ndarray, loaded: Models) -> Session:
    """A session whose faces are projected in a few steps and rendered at 256 px."""
    photo = open_photo(photo_files.vips_file(folder / "photo.png", pixels))
    session = Session(photo, loaded, final_sub=SubGenerator(256))
    for face in range(len(session.faces)):
        session.project(face, QUICK)
    return session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, loaded: Models) -> Session:
    return opened(tmp_path_factory.mktemp("photo"), ASTRONAUT, loaded)


def where_it_may_change(session: Session, edit: EditResult, face: int = 0) -> np.ndarray:
    """Bool, the photo's size."""
    square, photo = session.faces[face].square, session.photo
    assert edit.change
    x0, y0, x1, y1 = bounds = square.scaled(edit.change.reach).bounds(photo.pixels.shape, margin=2)
    may = np.zeros((photo.height, photo.width), bool)
    before = photo.region_srgb(x0, y0, x1 - x0, y1 - y0)
    may[y0:y1, x0:x1] = apply(edit.change, square, before, bounds)[1] > 0
    return may


def changed(a: Photo, b: Photo) -> np.ndarray:
    return (a.pixels != b.pixels).any(axis=2)


def no_more_steps(step: ProjectionStep) -> bool:
    raise RuntimeError("this face has been projected")


def test_with_all_strengths_0_the_photo_is_the_photo(session: Session) -> None:
    edit = session.edit(session.photo, 0, {"smile": 0.0, "age": -0.0}, no_more_steps)
    assert edit.photo is session.photo
    assert edit.projection is None
    assert edit.change is None


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_only_the_face_changes(tmp_path: Path, loaded: Models, depth: str) -> None:
    session = opened(tmp_path, photo_files.sixteen(ASTRONAUT) if depth == "uint16" else ASTRONAUT, loaded)
    edit = session.edit(session.photo, 0, {"smile": -1.5}, no_more_steps)
    assert edit.photo.pixels.dtype == depth
    may, did = where_it_may_change(session, edit), changed(edit.photo, session.photo)
    assert not did[~may].any()
    assert 0.01 < may.mean() < 0.1  # of the image: her face is small
    mouth = session.faces[0].landmarks[[61, 291, 0, 17], :2].astype(int)
    x0, y0, x1, y1 = *mouth.min(axis=0), *mouth.max(axis=0)
    assert did[y0:y1, x0:x1].mean() > 0.9


def test_a_second_strength_projects_and_renders_only_what_is_new(session: Session) -> None:
    first = session.edit(session.photo, 0, {"smile": -1}, no_more_steps)
    again = session.edit(session.photo, 0, {"smile": -1}, no_more_steps)
    other = session.edit(session.photo, 0, {"smile": 1}, no_more_steps)
    assert np.array_equal(first.photo.pixels, again.photo.pixels)
    assert changed(first.photo, other.photo).any()
    assert first.projected is other.projected
    assert first.projected is not None
    assert first.projected.shape == (256, 256, 3)  # her face has 172 px: 1024 would be waste
    assert first.projection is other.projection is session.project(0)
    assert set(session.seconds) == {"find", "project", "reach", "render", "measure", "composite"}
    assert min(session.seconds.values()) > 0


def test_seconds_of_work_within_other_work_count_once(session: Session) -> None:
    before, started = sum(session.seconds.values()), time.perf_counter()
    with session.timed("project"):
        time.sleep(0.02)
        with session.timed("measure"), session.timed("find"):
            time.sleep(0.02)
    assert 0.04 <= sum(session.seconds.values()) - before <= time.perf_counter() - started


def test_hair_changes_more_of_the_photo_than_a_smile(session: Session) -> None:
    smile, hair = (session.edit(session.photo, 0, {name: 1}) for name in ("smile", "hair_lightness"))
    smaller, larger = (where_it_may_change(session, edit) for edit in (smile, hair))
    assert larger.sum() > 1.3 * smaller.sum()


def test_a_smile_leaves_the_fringe_alone(session: Session) -> None:
    """Hers hangs over her forehead, inside the face's oval."""
    x, y = session.faces[0].landmarks[10, :2].astype(int)

    def fringe(photo: Photo) -> np.ndarray:
        return photo.pixels[y - 2 : y + 8, x - 20 : x + 20].astype(int)

    smile, hair = (session.edit(session.photo, 0, {name: -1}).photo for name in ("smile", "hair_lightness"))
    before = fringe(session.photo)
    assert np.abs(fringe(smile) - before).mean() < 1
    assert np.abs(fringe(hair) - before).mean() > 5


@pytest.mark.parametrize("ink", [(1.0, 1.0, 1.0), (1.0, 0.87, 0.7)], ids=["black and white", "sepia"])
def test_a_photo_without_colours_gets_none(tmp_path: Path, loaded: Models, ink: tuple[float, float, float]) -> None:
    grey = skimage.color.rgb2gray(ASTRONAUT)[:, :, None]
    session = opened(tmp_path, (255 * grey * ink).round().astype(np.uint8), loaded)
    edit = session.edit(session.photo, 0, {"mouth_open": 1.0, "hair_red": 1.0})
    after = edit.photo.pixels[changed(edit.photo, session.photo)].astype(float)
    assert len(after) > 5_000
    assert np.percentile(np.abs(after - after[:, :1] * ink), 99) < 2  # of 255


def test_faces_are_edited_one_after_the_other(tmp_path: Path, loaded: Models) -> None:
    picture = np.full((300, 560, 3), 120, np.uint8)
    picture[20:276, 10:266], picture[40:296, 290:546] = (ASTRONAUT[:256, 96:352], ASTRONAUT[:256, 96:352][:, ::-1])
    session = opened(tmp_path, picture, loaded)
    assert len(session.faces) == 2
    one = session.edit(session.photo, 0, {"smile": -1})
    both = session.edit(one.photo, 1, {"smile": -1})
    first, second = where_it_may_change(session, one, 0), where_it_may_change(session, both, 1)
    assert not (first & second).any()
    assert np.array_equal(changed(both.photo, session.photo) & first, changed(one.photo, session.photo))
    assert changed(both.photo, session.photo)[second].any()
    assert not changed(both.photo, session.photo)[~(first | second)].any()


def test_edits_start_from_an_eased_projection(session: Session, loaded: Models) -> None:
    start = session.planner.start(0)
    assert start is not None
    assert np.array_equal(start, eased(session.project(0).latent))
    edit = session.edit(session.photo, 0, {"smile": 1}, no_more_steps)
    assert edit.projected is not None
    assert np.array_equal(edit.projected, loaded.renderer.render(start, SubGenerator(256)))


def test_a_latent_is_found_again_in_another_session(session: Session, loaded: Models) -> None:
    other = Session(session.photo, loaded)
    found = other.project(0, QUICK, no_more_steps)
    assert found.remembered
    assert np.array_equal(found.latent, session.project(0).latent)


@pytest.mark.parametrize("strengths", [{"smlie": 0.5}, {"smile": 2.5}, {"smile": 0, "smlie": 0}])
def test_what_cannot_be_is_refused_before_the_work(
    session: Session, loaded: Models, strengths: dict[str, float]
) -> None:
    other = Session(session.photo, loaded)
    with pytest.raises(AnycostError, match="'smile'"):
        other.edit(other.photo, 0, strengths, no_more_steps)


def test_a_picture_without_a_face(tmp_path: Path, loaded: Models) -> None:
    assert opened(tmp_path, skimage.data.chelsea(), loaded).faces == ()
