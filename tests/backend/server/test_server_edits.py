"""Editing through a real backend process: every request answered, the newest shown, nothing else touched."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from anycost_backend.editing.models import Models
from anycost_client.protocol import messages as m
from serving import Backend, Client, array, picture, share_caches
from skimage.data import astronaut, chelsea

ASTRONAUT = astronaut()


@pytest.fixture(scope="module")
def backend(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with pytest.MonkeyPatch.context() as patch:
        share_caches(shared_home, patch)
        backend = Backend(tmp_path_factory.mktemp("run"), "--patience", "600").started()
        yield backend
    assert backend.process.poll() is None, backend.log.read_text()
    assert " ERROR " not in backend.log.read_text()
    backend.kill()


@pytest.fixture(scope="module")
def client(backend: Backend) -> Client:
    return Client(backend.file)


@pytest.fixture(scope="module")
def known(client: Client, loaded: Models) -> m.KnownFace:
    """A latent that came with the document: nothing has to be projected."""
    (face,) = loaded.finder.find(ASTRONAUT)
    corners = [(float(x), float(y)) for x, y in face.square.corners()]
    latent = picture(loaded.renderer.sample(1, 0.7)[:, :, None])
    return m.KnownFace((corners[0], corners[1], corners[2], corners[3]), client.welcome.model_hash, latent)


@pytest.fixture
def session(client: Client, known: m.KnownFace) -> Iterator[str]:
    opened = client.open(ASTRONAUT, known=(known,))
    yield opened.session
    assert isinstance(client.ask(m.Close(session=opened.session)), m.Done)


def smile(session: str, strength: float, sequence: int = 1, **options: object) -> m.Edit:
    return m.Edit(session=session, faces=(m.FaceEdit(0, {"smile": strength}),), sequence=sequence, **options)  # type: ignore[arg-type]


def all_previews(client: Client, request: m.Edit) -> list[m.Edited]:
    """Until the last one."""
    client.send(request)
    previews = []
    while True:
        reply = client.reply(request.id)
        assert isinstance(reply, m.Edited), reply
        previews.append(reply)
        if not reply.more:
            return previews


def test_opening_shows_the_faces(client: Client) -> None:
    request = m.OpenRegion(image=picture(ASTRONAUT), max_side=200)
    client.send(request)
    assert isinstance(client.reply(request.id, progress=True), m.Progress)
    opened = client.reply(request.id)
    (face,) = opened.faces
    assert face.score > 0.8
    assert not face.warning
    assert face.rectangle.x < 225 < face.rectangle.x + face.rectangle.width
    thumbnail = array(face.thumbnail)
    assert thumbnail.shape == (128, 128, 3)
    assert 60 < thumbnail.mean() < 200
    before = array(opened.thumbnail)
    assert before.shape == (200, 200, 3)
    assert abs(before.mean() - ASTRONAUT.mean()) < 1
    client.ask(m.Close(session=opened.session))


def test_a_picture_without_faces_says_so(client: Client) -> None:
    opened = client.open(chelsea())
    assert opened.faces == ()
    assert "no face" in opened.warning
    client.ask(m.Close(session=opened.session))


def test_a_preview_comes_at_once_and_better_ones_follow_when_it_rests(client: Client, session: str) -> None:
    previews = all_previews(client, smile(session, 1))
    assert [p.sequence for p in previews] == [1] * len(previews)
    assert [p.quality for p in previews[:-1]] == ["preview"] * (len(previews) - 1)
    assert previews[-1].quality == "best"
    assert len(previews) > 1
    assert all(p.resolution >= 64 and p.channels for p in previews)
    first, best = ((p.resolution, p.channels) for p in (previews[0], previews[-1]))
    assert first != best  # a fast machine previews with all channels of a lower resolution
    assert previews[-1].channels == "full"
    for shown in previews:
        rectangle, rgba = shown.rectangle, array(shown.picture)
        assert rgba.shape == (rectangle.height, rectangle.width, 4)
        alpha = rgba[:, :, 3]
        assert not alpha[[0, -1]].any()
        assert not alpha[:, [0, -1]].any()
        assert (alpha == 255).mean() > 0.1


def test_what_only_recolours_or_warps_waits_for_no_projection(client: Client) -> None:
    session = client.open(np.roll(ASTRONAUT, 3, axis=1)).session  # a face that is not known yet
    faces = (m.FaceEdit(0, {"hair_blond": 1.0, "jaw_width": -1.0}),)
    final = client.ask(m.Edit(session=session, faces=faces, quality="final"))
    assert isinstance(final, m.Edited)
    assert final.picture is not None
    assert [set(one.shares) for one in final.reached] == [{"hair_blond", "jaw_width"}]
    best = client.ask(smile(session, 0.5, quality="best"))
    assert isinstance(best, m.Edited)
    assert best.more  # the projection goes on, and a better preview will come
    client.ask(m.Close(session=session))


def test_with_all_strengths_at_zero_there_is_no_change(client: Client, session: str) -> None:
    for quality in ("preview", "best", "final"):
        edited = client.ask(smile(session, 0, quality=quality))
        assert isinstance(edited, m.Edited)
        assert edited.picture is None
        assert not edited.more


def test_the_final_picture_has_the_layers_depth_and_order(client: Client, known: m.KnownFace) -> None:
    deep = ASTRONAUT.astype(np.uint16) * 257
    bgra = np.dstack([deep[:, :, ::-1], np.full(deep.shape[:2], 65535, np.uint16)])
    results = []
    for pixels, order in ((deep, "rgb"), (bgra, "bgr")):
        opened = client.open(pixels, known=(known,), order=order)
        final = client.ask(smile(opened.session, 1, quality="final"))
        assert (final.picture.bit_depth, final.picture.channels, final.quality) == ("16", 4, "final")
        results.append(array(final.picture))
        client.ask(m.Close(session=opened.session))
    assert np.array_equal(results[0], results[1][:, :, [2, 1, 0, 3]])
    colours = results[0][:, :, :3][results[0][:, :, 3] > 60_000]
    assert len(np.unique(colours)) > 256  # of 16 bits, not of 8


def test_a_preview_gets_better_although_an_apply_came_between(client: Client, session: str) -> None:
    preview, final = smile(session, 1, 40), smile(session, 1, 40, quality="final")
    client.send(preview)
    assert client.reply(preview.id).more
    assert isinstance(client.ask(final), m.Edited)
    while (shown := client.reply(preview.id)).more:
        pass
    assert (shown.quality, shown.sequence) == ("best", 40)


def test_the_newest_replaces_those_that_wait_and_all_are_answered(client: Client, session: str) -> None:
    requests = [smile(session, i / 30, i) for i in range(1, 31)]
    for request in requests:
        client.send(request)
    replies = [client.reply(request.id) for request in requests]
    rendered = [reply.sequence for reply in replies if isinstance(reply, m.Edited)]
    superseded = [reply.sequence for reply in replies if isinstance(reply, m.Superseded)]
    assert sorted(rendered + superseded) == list(range(1, 31))
    assert rendered[-1] == 30
    assert len(superseded) > 15


def test_dragging_shows_pictures_all_along_and_leaves_no_queue(client: Client, session: str) -> None:
    ids: list[str] = []
    for number in range(60):  # two seconds of a slider at 30 movements a second
        request = smile(session, number / 60, 100 + number)
        client.send(request)
        ids.append(request.id)
        until = time.monotonic() + 1 / 30
        while time.monotonic() < until:
            client.look(max(0.0, until - time.monotonic()))
    last = client.reply(request.id)
    assert isinstance(last, m.Edited)
    assert client.ask(m.Status()).waiting <= 1  # what follows when the slider rests
    replies = [client.reply(id) for id in ids[:-1]]
    assert all(isinstance(reply, m.Edited | m.Superseded) for reply in replies)
    assert any(isinstance(reply, m.Edited) for reply in replies)


def test_several_clients_have_sessions_of_their_own(client: Client, session: str, backend: Backend) -> None:
    other = Client(backend.file, "another")
    assert other.ask(smile(session, 1)).reason == "no_session"
    assert isinstance(other.ask(m.Close(session=session)), m.Done)  # which closes nothing
    mine = other.open(ASTRONAUT)
    assert client.ask(m.Status()).sessions == 2
    other.ask(m.Leave())
    deadline = time.monotonic() + 10
    while client.ask(m.Status()).sessions > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.ask(m.Status()).sessions == 1
    assert client.ask(smile(mine.session, 1)).reason == "no_session"
    assert isinstance(client.ask(smile(session, 1)), m.Edited)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (m.FaceEdit(1, {"smile": 1}), "no_face"),
        (m.FaceEdit(-1, {"smile": 1}), "no_face"),
        (m.FaceEdit(0, {"smlie": 1}), "unknown_attribute"),
        (m.FaceEdit(0, {"smile": 7}), "unknown_attribute"),
    ],
)
def test_edits_that_cannot_be_say_why(client: Client, session: str, edit: m.FaceEdit, reason: str) -> None:
    failed = client.ask(m.Edit(session=session, faces=(edit,)))
    assert (type(failed), failed.reason) == (m.Failed, reason)
    assert failed.cause
    assert failed.remedy


def test_a_selection_of_another_size_is_refused(client: Client) -> None:
    mask = picture(np.zeros((5, 5, 1), np.uint8))
    failed = client.ask(m.OpenRegion(image=picture(ASTRONAUT), selection=mask))
    assert failed.reason == "bad_message"


def test_a_final_picture_in_which_nothing_changes_is_none(client: Client, known: m.KnownFace) -> None:
    mask = np.zeros((*ASTRONAUT.shape[:2], 1), np.uint8)
    mask[30:34, 210:230] = 255  # hair, which a smile leaves alone
    opened = client.open(ASTRONAUT, known=(known,), selection=picture(mask))
    edited = client.ask(smile(opened.session, 0.5, quality="final"))
    assert isinstance(edited, m.Edited)
    assert edited.picture is None


def test_points_that_can_be_dragged_move_where_their_attributes_say(client: Client, session: str) -> None:
    """The corners of the mouth go up and apart when she smiles, the chin goes down when it gets longer."""
    found = client.ask(m.ReadHandles(session=session, face=0))
    assert isinstance(found, m.HandleList), found
    handles = {handle.name: handle for handle in found.handles}
    assert {"mouth_left", "mouth_right", "brow_left", "lid_left", "nose", "chin", "jaw_left"} <= handles.keys()
    left, right, chin = (handles[name] for name in ("mouth_left", "mouth_right", "chin"))
    assert 190 < left.point[0] < right.point[0] < 270  # of the astronaut
    assert left.moves["smile"][0] < 0 < right.moves["smile"][0]
    assert max(left.moves["smile"][1], right.moves["smile"][1]) < 0 < chin.moves["chin_length"][1]
    assert handles["nose"].moves["yaw"][0] > 1


def test_sketches_show_the_aligned_face_with_each_edit(client: Client, session: str) -> None:
    edits = (m.FaceEdit(0, {}), m.FaceEdit(0, {"smile": 1.0}), m.FaceEdit(0, {"hair_lightness": 1.0}))
    sketches = client.ask(m.Sketch(session=session, edits=edits, side=64))
    assert isinstance(sketches, m.Sketches), sketches
    before, smiling, lighter = (array(one).astype(float) for one in sketches.pictures)
    assert before.shape == (64, 64, 3)
    assert np.abs(smiling - before)[40:56, 20:44].mean() > 2  # the mouth
    assert np.abs(smiling - before)[:10].mean() < 0.5  # hair
    assert np.abs(lighter - before)[:10].mean() > 2
    for edit, side in ((edits, 300), ((), 64), ((m.FaceEdit(0, {"smlie": 1}),), 64)):
        assert isinstance(client.ask(m.Sketch(session=session, edits=edit, side=side)), m.Failed)


def test_what_is_cancelled_is_told(client: Client, session: str) -> None:
    edits = [smile(session, 1, 500 + i, quality="final") for i in range(2)]
    other = m.RenderSample(resolution=1024)
    for request in (*edits, other):
        client.send(request)
    deadline = time.monotonic() + 30
    while not client.ask(m.Status()).running and time.monotonic() < deadline:
        time.sleep(0.01)  # a cancel, on a socket of its own, may overtake what it is to cancel
    assert isinstance(client.ask(m.Cancel()), m.Done)
    replies = [client.reply(request.id) for request in (*edits, other)]
    assert [reply.reason for reply in replies if isinstance(reply, m.Failed)].count("cancelled") >= 1
    assert isinstance(client.ask(smile(session, 1)), m.Edited)


def test_latents_are_kept_with_the_document(client: Client, session: str, known: m.KnownFace) -> None:
    latent = client.ask(m.ReadLatent(session=session, face=0))
    assert latent.model == known.model
    assert np.array_equal(array(latent.values), array(known.latent))


def test_a_sample_shows_that_all_works(client: Client) -> None:
    same = [client.ask(m.RenderSample(seed=3, resolution=128)) for _ in range(2)]
    assert [array(s.picture).shape for s in same] == [(128, 128, 3)] * 2
    assert same[0].picture.data == same[1].picture.data
    attributes = client.ask(m.Attributes()).attributes
    assert {"smile", "age"} <= {attribute.name for attribute in attributes}


@pytest.mark.slow
def test_a_face_is_projected_when_it_is_needed_and_refined_when_asked(client: Client, session: str) -> None:
    """`session` is another one: its previews go on while this face is worked on."""
    opened = client.open(ASTRONAUT[:256, 80:380])
    first = smile(opened.session, 1)
    client.send(first)
    assert isinstance(client.ask(smile(session, 0.5)), m.Edited)
    assert isinstance(client.reply(first.id, timeout=600), m.Edited)

    client.ask(m.Cancel())  # the projection in the background, which a refinement would wait for
    before = array(client.ask(m.ReadLatent(session=opened.session, face=0)).values)
    refine = m.Refine(session=opened.session, face=0, budget=2)
    client.send(refine)
    progress = client.reply(refine.id, timeout=120, progress=True)
    assert isinstance(progress, m.Progress)
    assert 0 <= progress.fraction <= 1
    assert isinstance(client.ask(smile(opened.session, 0.5)), m.Edited)
    refined = client.reply(refine.id, timeout=600)
    assert isinstance(refined, m.Refined)
    assert refined.scores["psnr"] > 10

    again = m.Refine(session=opened.session, face=0, budget=600)
    client.send(again)
    client.reply(again.id, timeout=120, progress=True)
    client.ask(m.Cancel(what=again.id))
    stopped = client.reply(again.id, timeout=120)
    assert isinstance(stopped, m.Refined)  # with the best so far
    after = array(client.ask(m.ReadLatent(session=opened.session, face=0)).values)
    assert after.shape == before.shape
    assert stopped.scores["psnr"] >= refined.scores["psnr"]
    client.ask(m.Close(session=opened.session))


def test_a_damaged_model_is_named(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    models = home / "data" / "models"
    models.mkdir(parents=True)
    for file in (shared_home / "data" / "models").iterdir():
        (models / file.name).symlink_to(file.resolve())
    (models / "yunet.onnx").unlink()
    (models / "yunet.onnx").write_bytes(b"nothing")
    share_caches(home, monkeypatch)
    backend = Backend(tmp_path / "run", stdin=subprocess.PIPE).started()
    try:
        client = Client(backend.file)
        failed = client.ask(m.OpenRegion(image=picture(ASTRONAUT)))
        assert (type(failed), failed.reason) == (m.Failed, "model")
        assert "yunet" in failed.cause
        assert "python3 installer repair" in failed.remedy
        assert isinstance(client.ask(m.Attributes()), m.AttributeList)  # the rest goes on
    finally:
        backend.kill()
