"""One edit on many layers: each is read, rendered and applied; one that fails does not stop the rest."""

from pathlib import Path

import pytest
from anycost_client.core.errors import ClientError
from anycost_client.core.problem import Problem
from anycost_client.core.translation import Translator
from anycost_client.edit.batch import BatchRunner, Outcome, largest_face
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Unavailable
from fake_host import GREY, FakeHost, FakeLink, Layer
from recording_editor import ATTRIBUTES, PICTURE, PLACE, face

LATENT = m.Picture.packed(4, 2, 1, bytes(32), "32f")
LAYERS = [Layer(number, f"layer {number}") for number in (1, 2, 3)]


class Setup:
    def __init__(self, folder: Path) -> None:
        self.host, self.link = FakeHost(), FakeLink()
        self.tr = Translator(folder, lambda: "en")

    def start(self, strengths=None, choose=largest_face) -> BatchRunner[Layer]:
        self.batch = BatchRunner(self.host, self.link.send, self.tr, LAYERS, strengths or {"smile": 0.8}, choose)
        self.batch.start()
        self.answer(Connected(m.Welcome(id="w", model_hash="abc")))
        self.answer(m.AttributeList(id=self.link.last(m.Attributes).id, attributes=ATTRIBUTES))
        return self.batch

    def answer(self, event) -> None:
        self.batch.handle(event)
        self.host.run_calls()

    def found(self, faces: int) -> None:
        those = tuple(face(id, 20.0 * id) for id in range(faces))
        opening = self.link.last(m.OpenRegion)
        self.answer(m.RegionOpened(id=opening.id, session=opening.id, faces=those, thumbnail=GREY))

    def rendered(self, picture: m.Picture | None = PICTURE) -> None:
        final = next(r for r in reversed(self.link.sent) if isinstance(r, m.Edit) and r.quality == "final")
        fields = {"picture": picture, "rectangle": PLACE, "quality": "final"}
        self.answer(m.Edited(id=final.id, sequence=final.sequence, **fields))
        for read in [request for request in self.link.sent if isinstance(request, m.ReadLatent)]:
            self.answer(m.Latent(id=read.id, face=read.face, model="abc", values=LATENT))

    def outcomes(self) -> list[Outcome]:
        return [item.outcome for item in self.batch.items]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_the_rest_goes_on_when_one_layer_has_no_face_and_one_cannot_be_read(setup):
    setup.host.broken[2] = Problem("the layer is empty", "choose another")
    batch = setup.start()
    setup.found(0)
    assert setup.outcomes() == [Outcome.NO_FACE, Outcome.FAILED, Outcome.RUNNING]
    assert batch.progress[0].startswith("3 of 3: ")
    setup.found(2)
    setup.rendered()
    assert setup.outcomes() == [Outcome.NO_FACE, Outcome.FAILED, Outcome.DONE]
    assert not batch.running
    [(source, result)] = setup.host.applied
    assert (source.layer, result.title) == (LAYERS[2], "Smile +0.8")
    assert [dict(recorded.strengths) for recorded in result.record.faces] == [{"smile": 0.8}]
    assert batch.items[0].text == "No face was found: select a part that shows both eyes and the mouth."
    assert batch.items[1].problem == Problem("the layer is empty", "choose another")


def test_what_cannot_be_done_is_said_for_each_layer(setup):
    def nobody(faces):
        raise ClientError("there is no face 7", "name one that is there")

    batch = setup.start(choose=nobody)
    for _ in LAYERS:
        setup.found(1)
    assert [item.text for item in batch.items] == ["There is no face 7: name one that is there."] * 3
    batch = setup.start({"wings": 1.0})
    setup.found(1)
    assert batch.items[0].text == "There is no attribute 'wings': choose one of: smile, age, beard."
    batch.cancel()


def test_an_edit_that_changes_nothing_is_a_failure(setup):
    batch = setup.start()
    setup.found(1)
    setup.rendered(picture=None)
    assert batch.items[0].text == "The edit changes nothing within the selection: select the face, or nothing."
    batch.cancel()


def test_a_cancelled_batch_keeps_what_is_done(setup):
    batch = setup.start()
    setup.found(1)
    setup.rendered()
    batch.cancel()
    assert setup.outcomes() == [Outcome.DONE, Outcome.CANCELLED, Outcome.CANCELLED]
    assert setup.host.stopped == ["work"]
    setup.found(1)  # comes too late
    assert len(setup.host.applied) == 1


def test_without_a_backend_it_ends_with_one_reason_for_all(setup):
    batch = setup.start()
    setup.answer(Unavailable("the backend ended while starting", "see the log"))
    assert setup.outcomes() == [Outcome.FAILED] * 3
    assert batch.items[2].text == "The backend ended while starting: see the log."


def test_a_bug_ends_it_and_is_seen_in_the_list(setup, monkeypatch):
    batch = setup.start()
    monkeypatch.setattr(batch._editor, "apply", lambda: 1 / 0)
    setup.found(1)
    assert not batch.running
    assert "ZeroDivisionError" in batch.items[2].text
