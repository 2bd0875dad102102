"""Edits without a window, and the dialog without its widgets, over real sockets."""

import time
from collections.abc import Callable, Iterator

import pytest
from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.multi_layer import Reading
from anycost_client.edit.pending_apply import EditResult
from anycost_client.protocol.messages import OpenRegion, Picture
from anycost_gimp.edit.backend_link import BackendLink
from anycost_gimp.edit.controller import Page, Session
from anycost_gimp.edit.headless import Headless
from anycost_gimp.edit.page_texts import notice
from anycost_gimp.image.layer_choice import Choice
from anycost_gimp.image.source import Source

GREY = Picture.packed(12, 12, 3, bytes([128] * 432))
AREA = Area(30, 40, 12, 12)
OTHER = OpenRegion(image=GREY)


@pytest.fixture
def source() -> Source:
    return Source(None, "portrait", AREA, OpenRegion(image=GREY, rectangle=AREA.rectangle))


@pytest.fixture
def link(backend: Backend) -> Iterator[BackendLink]:
    link = BackendLink(backend)
    yield link
    link.close()


class Window:
    """What the dialog does with a session."""

    def __init__(self, link: BackendLink) -> None:
        self.told: list[str] = []
        self.results: list[EditResult] = []
        looking: Reading[Choice] = Reading(lambda choice, then: then(OTHER), lambda: None, lambda choice: choice.name)
        self.session = Session(link, self.told.append, self.results.append, looking)
        link.start()

    def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, (self.session.page, self.session.failure)
            self.session.drain()
            time.sleep(0.01)


def test_an_edit_without_a_window(link: BackendLink, source: Source) -> None:
    said: list[tuple[str, float]] = []
    headless = Headless(link, lambda text, fraction: said.append((text, fraction)))
    result = headless.edit(source, {"smile": 0.5}, "all")
    assert result.edited.quality == "final"
    assert result.record.faces[0].strengths == {"smile": 0.5}
    assert result.record.faces[0].corners[0] == (32, 42)  # in pixels of the layer
    assert ("finding faces", 0.5) in said
    again = headless.edit(source, {"smile": -0.5}, "1")
    assert again.record.faces[0].strengths == {"smile": -0.5}


@pytest.mark.parametrize(
    ("strengths", "faces", "said"),
    [
        ({"wings": 1.0}, "all", "no attribute 'wings'"),
        ({"smile": 1.0}, "2", "no face 2"),
        ({}, "all", "strengths are 0"),
    ],
)
def test_what_cannot_be_done_is_said(link: BackendLink, source: Source, strengths, faces, said) -> None:
    with pytest.raises(ClientError, match=said):
        Headless(link, lambda text, fraction: None).edit(source, strengths, faces)


def test_a_backend_that_does_not_start_is_said(link: BackendLink, source: Source, monkeypatch) -> None:
    monkeypatch.setenv("ANYCOST_STAND_IN", "fails")
    with pytest.raises(ClientError, match=r"the model file is damaged.* models fetch"):
        Headless(link, lambda text, fraction: None).edit(source, {"smile": 1.0}, "all")


def test_the_dialog_goes_from_reading_to_the_result(link: BackendLink, source: Source) -> None:
    window = Window(link)
    session = window.session
    assert session.page is Page.READING
    session.open(source)
    assert session.page is Page.STARTING
    window.until(lambda: session.page is Page.EDITING and session.editor.sliders.attributes)
    assert not session.can_apply
    session.editor.sliders.set("smile", 0.8)
    window.until(lambda: session.editor.preview)
    assert session.can_apply
    session.apply()
    assert session.applying
    window.until(lambda: window.results)
    assert window.results[0].title == "smile +0.8"
    assert not session.applying


def test_other_layers_are_matched_and_made_into_a_slider(link: BackendLink, source: Source) -> None:
    window = Window(link)
    session, work = window.session, window.session.multi_layer
    session.open(source)
    window.until(lambda: session.page is Page.EDITING and session.editor.sliders.attributes)
    work.match(Choice(None, 2, "other"), "expression")
    window.until(lambda: not work.running)
    assert work.text == "Done.\nSmile +0.5."
    assert session.editor.sliders.value("smile") == 0.5
    assert "multi layer" in window.told
    layers = [Choice(None, number, f"layer {number}") for number in range(8)]
    work.learn("wink", layers[:4], layers[4:])
    window.until(lambda: not work.running)
    assert work.text == "Done.\nIt holds."


def test_a_missing_backend_is_a_state_with_a_remedy_and_a_report(
    link: BackendLink, source: Source, monkeypatch
) -> None:
    python = link.backend._python
    monkeypatch.setenv("ANYCOST_PYTHON", "/no/such/python")
    window = Window(link)
    session = window.session
    session.open(source)
    window.until(lambda: session.page is Page.FAILED)
    shown = notice(session)
    assert shown.button == "Try again"
    assert shown.report
    assert "/no/such/python" in shown.text
    assert "host: a test" in session.report()
    assert "dialog: failed, unavailable" in session.report()
    monkeypatch.undo()
    monkeypatch.setenv("ANYCOST_HOME", str(link.backend.connection_file.parents[1]))
    monkeypatch.setenv("ANYCOST_PYTHON", str(link.backend.connection_file.parents[1] / "backend-python"))
    assert python is None
    session.retry()
    assert session.page is Page.STARTING
    window.until(lambda: session.page is Page.EDITING)


def test_trouble_in_the_dialog_is_a_message_and_a_fault_has_a_report(link: BackendLink, source: Source) -> None:
    window = Window(link)
    session = window.session
    session.fail(ClientError("the layer is empty", "choose another"))
    assert (notice(session).title, notice(session).text) == (
        "This layer cannot be edited",
        "The layer is empty: choose another.",
    )
    other = Window(link).session
    other.open(source)
    other.fail(ClientError("'smile' is locked", "unlock it to change it"))
    assert other.message == "'smile' is locked: unlock it to change it."
    assert other.page is not Page.FAILED
    other.fail(RuntimeError("never seen"))
    assert other.page is Page.FAILED
    assert "never seen" in other.report()
    other.retry()
    assert other.page is not Page.FAILED
