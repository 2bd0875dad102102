"""A home of its own for each test: this machine's models, and caches that begin empty. Models that load once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import skimage.data
from anycost_backend.editing import models as models_module
from anycost_backend.editing import session as session_module
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.core import paths
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.projection.settings import ProjectionSettings, ProjectionStage


def make_home(folder: Path) -> Path:
    """An `ANYCOST_HOME` with links to the fetched models, so that one may be taken away or replaced."""
    models = folder / "data" / "models"
    models.mkdir(parents=True)
    for file in paths.models_dir().iterdir():
        (models / file.name).symlink_to(file)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_home(tmp_path / "home")
    monkeypatch.setenv("ANYCOST_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests of a file: what is projected once is remembered."""
    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def shared_caches(shared_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANYCOST_HOME", str(shared_home))
        yield


@pytest.fixture(scope="module")
def session(shared_caches: None, loaded: Models) -> Session:
    """Of the astronaut, whose face was projected in a few steps."""
    session = Session(Layer(skimage.data.astronaut()), loaded, final_sub=SubGenerator(256))
    session.project(0, ProjectionSettings(stages=(ProjectionStage(SubGenerator(64), 6, 0.12, 0.08),)))
    return session


def quick_projections(patch: pytest.MonkeyPatch) -> None:
    """They take a few steps at 64 px instead of minutes."""
    from anycost_models.projection import inversion

    stages = (ProjectionStage(SubGenerator(64), 4, 0.12, 0.08),)
    patch.setattr(inversion, "ProjectionSettings", partial(inversion.ProjectionSettings, stages))


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick projections."""
    quick_projections(monkeypatch)


@pytest.fixture
def quick(few_steps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick projections, and commands render edits at 256 px."""
    monkeypatch.setattr(session_module, "Session", partial(Session, final_sub=SubGenerator(256)))


@pytest.fixture(scope="session")
def loaded() -> Models:
    """The models, loaded once for all tests."""
    return Models()


@pytest.fixture
def models(loaded: Models, monkeypatch: pytest.MonkeyPatch) -> Models:
    """Commands get the models that are loaded already."""
    monkeypatch.setattr(models_module, "Models", lambda model: loaded)
    return loaded
