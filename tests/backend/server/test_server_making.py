"""Locks, matches and own attributes through a real backend process, from faces whose latents came with the document."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from anycost_backend.editing.models import Models
from anycost_client.protocol import messages as m
from anycost_models.core import paths
from serving import Backend, Client, array, picture, share_caches
from skimage.data import astronaut

HEAD = np.ascontiguousarray(astronaut()[:256, 96:352])

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        share_caches(shared_home, patch)
        backend = Backend(tmp_path_factory.mktemp("run"), "--patience", "600").started()
        yield Client(backend.file)
    assert " ERROR " not in backend.log.read_text(), backend.log.read_text()
    backend.kill()


def opened(client: Client, loaded: Models, latent: np.ndarray) -> m.SessionFace:
    (face,) = loaded.finder.find(HEAD)
    a, b, c, d = ((float(x), float(y)) for x, y in face.square.corners())
    known = m.KnownFace((a, b, c, d), client.welcome.model_hash, picture(latent[:, :, None]))
    return m.SessionFace(client.open(HEAD, known=(known,)).session, 0)


def test_a_lock_shows_in_the_picture_and_is_the_same_in_all_qualities(client: Client, loaded: Models) -> None:
    face = opened(client, loaded, loaded.renderer.sample(903, 0.7))

    def final(**options: tuple[str, ...]) -> np.ndarray:
        edit = m.FaceEdit(0, {"age": 1.0}, **options)  # type: ignore[arg-type]
        return array(client.ask(m.Edit(session=face.session, faces=(edit,), quality="final"), timeout=300).picture)

    free, held = final(), final(held=("brows_up",))
    assert not np.array_equal(free, held)
    assert np.array_equal(held, final(held=("brows_up",)))
    failed = client.ask(m.Edit(session=face.session, faces=(m.FaceEdit(0, {"age": 1.0}, ("brows_pu",)),)))
    assert (failed.reason, "brows_up" in failed.remedy) == ("unknown_attribute", True)


def test_a_pose_is_matched_and_can_be_set(client: Client, loaded: Models) -> None:
    latent = loaded.renderer.sample(3, 0.7)
    face, other = (opened(client, loaded, latent) for _ in range(2))
    asked = m.MatchFace(session=face.session, face=0, what="pose", source=other)
    client.send(asked)
    assert isinstance(client.reply(asked.id, timeout=300, progress=True), m.Progress)
    matched = client.reply(asked.id, timeout=300)
    assert isinstance(matched, m.Matched), matched
    assert {"yaw", "pitch"} <= set(matched.strengths)
    assert max(map(abs, matched.strengths.values())) < 0.1  # the same photograph
    light = client.ask(m.MatchFace(session=face.session, face=0, what="lighting", source=other), timeout=300)
    offsets = (m.Offset(light.offset),) if light.offset else ()
    edit = m.FaceEdit(0, {**light.strengths, "smile": 0.5}, (), offsets)
    assert isinstance(client.ask(m.Edit(session=face.session, faces=(edit,)), timeout=300), m.Edited)
    wrong = m.FaceEdit(0, {}, (), (m.Offset(picture(np.zeros((3, 4, 1), np.float32))),))
    assert isinstance(client.ask(m.Edit(session=face.session, faces=(wrong,))), m.Failed)
    assert client.ask(m.MatchFace(session="gone", face=0, what="pose", source=other)).reason == "no_session"


def test_a_slider_is_made_from_open_faces_and_removed_again(client: Client, loaded: Models) -> None:
    directions, rng = loaded.directions, np.random.default_rng(0)
    sides = []
    for strength in (1.5, -1.5):
        latents = [loaded.renderer.sample(int(seed), 0.6) for seed in rng.integers(1 << 30, size=4)]
        sides.append(tuple(opened(client, loaded, directions.apply(latent, {"yaw": strength})) for latent in latents))
    learn = m.LearnAttribute(name="turned", positive=sides[0], negative=sides[1], about="left … right")
    client.send(learn)
    progress = client.reply(learn.id, timeout=300, progress=True)
    assert isinstance(progress, m.Progress)
    learned = client.reply(learn.id, timeout=300)
    assert isinstance(learned, m.Learned), learned
    assert learned.attribute == m.Attribute("turned", "Own", "left … right")
    assert 0 <= learned.scores["right"] <= 1
    assert (paths.data_dir() / "attributes" / "turned.safetensors").is_file()
    assert "turned" in {attribute.name for attribute in client.ask(m.Attributes()).attributes}
    edit = m.Edit(session=sides[0][0].session, faces=(m.FaceEdit(0, {"turned": 1.0}),))
    assert isinstance(client.ask(edit, timeout=300), m.Edited)

    again = m.LearnAttribute(name="turned", positive=sides[0], negative=sides[1])
    client.send(again)
    client.reply(again.id, timeout=300, progress=True)
    client.ask(m.Cancel(what=again.id))
    assert client.reply(again.id, timeout=300).reason == "cancelled"
    taken = m.LearnAttribute(name="smile", positive=sides[0], negative=sides[1])
    assert client.ask(taken).reason == "bad_message"
    few = m.LearnAttribute(name="few", positive=sides[0][:1], negative=sides[1])
    assert "4" in client.ask(few, timeout=300).cause + client.ask(few, timeout=300).remedy

    assert isinstance(client.ask(m.RemoveAttribute(name="turned")), m.Done)
    assert "turned" not in {attribute.name for attribute in client.ask(m.Attributes()).attributes}
    assert client.ask(m.RemoveAttribute(name="turned")).reason == "unknown_attribute"
