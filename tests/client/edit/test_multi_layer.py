"""Other layers' faces: matched with, and made into a slider."""

from dataclasses import replace
from pathlib import Path

import pytest
from anycost_client.core.problem import Problem
from anycost_client.core.translation import Translator
from anycost_client.edit.editor import Editor
from anycost_client.edit.face_finder import around
from anycost_client.edit.multi_layer import MultiLayerTask
from anycost_client.protocol import messages as m
from anycost_client.protocol.events import Connected, Event, Lost
from fake_host import GREY, FakeHost, Layer

HUGE = m.Picture.packed(3000, 2000, 1, bytes(6_000_000))
WELCOME = m.Welcome(id="h", program="0", model="embedded", model_hash="abc")
OFFSET = m.Picture.packed(4, 2, 1, bytes(32), "32f")


def face(id: int = 0, x: float = 1, side: float = 4) -> m.Face:
    corners = ((x, x), (x + side, x), (x + side, x + side), (x, x + side))
    return m.Face(id, m.Rectangle(1, 1, 4, 4), corners, 0.9)


class Setup:
    """A host with layers, and a backend that answers what the test says."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[m.Request] = []
        self.host = FakeHost()
        self.editor = Editor(self.sent.append)
        tr = Translator(folder, lambda: "en")
        self.work: MultiLayerTask[Layer] = MultiLayerTask(self.editor, self.sent.append, self.host, tr, lambda: None)
        self.answer(Connected(WELCOME))
        self.editor.open(m.OpenRegion(image=GREY))
        self.found(face(0), session="edited")

    def answer(self, event: Event) -> None:
        self.editor.handle(event)
        self.work.handle(event)

    def found(self, *faces: m.Face, session: str) -> None:
        """In the region that was opened last."""
        opened = m.RegionOpened(id=self.last(m.OpenRegion).id, session=session, faces=faces, thumbnail=GREY)
        self.answer(opened)

    def last(self, kind: type[m.Request]) -> m.Request:
        return next(request for request in reversed(self.sent) if isinstance(request, kind))

    def closed(self) -> list[str]:
        return [request.session for request in self.sent if isinstance(request, m.Close)]


def layer(number: int) -> Layer:
    return Layer(number, f"layer {number}")


def layers(numbers: list[int]) -> list[Layer]:
    return [layer(number) for number in numbers]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_a_face_takes_over_from_another_layers_largest_face(setup):
    setup.work.match(layer(7), "hair")
    assert (setup.work.running, setup.work.text) == (True, "1 of 1: “layer 7”")
    setup.found(face(3), face(4), session="other")
    request = setup.last(m.MatchFace)
    assert (request.session, request.face, request.what) == ("edited", 0, "hair")
    assert request.source == m.SessionFace("other", 3)
    setup.answer(m.Progress(id=request.id, what="comparing", fraction=0.4, text="6 of 15"))
    assert (setup.work.text, setup.work.work.fraction) == ("Comparing: 6 of 15", 0.4)
    reply = m.Matched(id=request.id, face=0, what="hair", strengths={"fringe": 0.5}, offset=OFFSET, text="90 % of it")
    setup.answer(reply)
    assert (setup.work.running, setup.work.text) == (False, "Done.\nFringe +0.5, colours taken over.")
    assert setup.editor.sliders.value("fringe") == 0.5
    assert setup.closed() == ["other"]


def make(setup: Setup, found: list[int], missing: tuple[int, ...] = ()) -> None:
    """Looks at those layers, where some have no face."""
    for layer in found:
        faces = () if layer in missing else (face(layer),)
        setup.found(*faces, session=f"s{layer}")


def test_a_slider_is_made_from_two_groups_of_layers(setup):
    setup.work.learn("wink", layers([1, 2, 3, 4, 5]), layers([6, 7, 8, 9]))
    make(setup, [1, 2, 3, 4, 5, 6, 7, 8, 9], missing=(2,))
    request = setup.last(m.LearnAttribute)
    assert request.name == "wink"
    assert [face.session for face in request.positive] == ["s1", "s3", "s4", "s5"]
    assert [face.session for face in request.negative] == ["s6", "s7", "s8", "s9"]
    attribute = m.Attribute("wink", "Own", "less or more wink")
    asked = sum(isinstance(request, m.Attributes) for request in setup.sent)
    setup.answer(m.Learned(id=request.id, attribute=attribute, holds=True, scores={"right": 0.875}))
    assert (
        setup.work.text == "Done.\nOf faces that it had not seen, 88 % were told apart.\n“layer 2”: No face was found."
    )
    assert sum(isinstance(request, m.Attributes) for request in setup.sent) == asked + 1  # the sliders have it soon
    assert sorted(setup.closed()) == sorted(["s2", *(f"s{n}" for n in (1, 3, 4, 5, 6, 7, 8, 9))])


def test_too_few_faces_are_said_with_the_reason_for_each(setup):
    setup.host.broken[3] = Problem("the layer is empty", "choose a layer with a picture")
    setup.work.learn("wink", layers([1, 2, 3, 4]), layers([5, 6, 7, 8]))
    make(setup, [1, 2, 4, 5, 6, 7, 8])
    assert not setup.work.running
    assert setup.work.failed
    assert setup.work.text.splitlines() == [
        "Too few faces were found: 4 of each kind are needed.",
        "“layer 3”: The layer is empty: choose a layer with a picture.",
    ]
    assert not any(isinstance(request, m.LearnAttribute) for request in setup.sent)
    assert len(setup.closed()) == 7


def test_a_cancelled_one_leaves_nothing_open(setup):
    setup.work.learn("wink", layers([1, 2, 3, 4]), layers([5, 6, 7, 8]))
    make(setup, [1, 2])
    looking = setup.last(m.OpenRegion)
    setup.work.cancel()
    assert (setup.work.running, setup.work.text, setup.host.stopped) == (False, "Cancelled.", ["looking"])
    assert setup.last(m.Cancel).what == looking.id
    assert setup.closed() == ["s1", "s2"]
    setup.found(face(3), session="s3")  # comes too late
    assert setup.closed() == ["s1", "s2", "s3"]
    setup.work.match(layer(1), "pose")
    assert setup.work.running


def test_what_fails_is_said_in_one_line(setup):
    setup.work.match(layer(1), "pose")
    setup.found(face(), session="other")
    request = setup.last(m.MatchFace)
    failed = m.Failed(id=request.id, cause="this model has no attributes for pose", remedy="match something else")
    setup.answer(failed)
    assert setup.work.failed
    assert setup.work.text == "This model has no attributes for pose: match something else."
    assert setup.closed() == ["other"]


def test_a_backend_that_ends_ends_it(setup):
    setup.work.match(layer(1), "pose")
    setup.found(face(), session="other")
    setup.answer(Lost("the backend has ended unexpectedly", 1))
    assert not setup.work.running
    assert setup.work.text == "The backend has ended unexpectedly: try again."


def test_of_a_large_layer_only_what_is_around_the_face_stays_open(setup):
    setup.host.images[1] = HUGE
    setup.work.match(layer(1), "pose")
    setup.found(face(0, x=1000, side=400), session="whole")
    assert setup.closed() == ["whole"]
    part = setup.last(m.OpenRegion).image
    assert (part.width, part.height) == (800, 800)
    setup.found(face(0, x=200, side=400), session="part")
    assert setup.last(m.MatchFace).source == m.SessionFace("part", 0)


def test_the_part_around_a_face_is_the_pictures_own_pixels():
    rows = [bytes([y, x]) for y in range(6) for x in range(10)]
    picture = m.Picture(10, 6, 1, "16", 24, b"".join(b"".join(rows[10 * y : 10 * y + 10]) + b"pad!" for y in range(6)))
    part = around(picture, replace(face(), corners=((4, 2), (6, 2), (6, 4), (4, 4))))
    assert (part.width, part.height, part.bit_depth) == (4, 4, "16")
    assert bytes(part.data[:8]) == bytes([1, 3, 1, 4, 1, 5, 1, 6])
    beyond = around(picture, replace(face(), corners=((90, 90), (92, 90), (92, 92), (90, 92))))
    assert (beyond.width, beyond.height) == (1, 1)
